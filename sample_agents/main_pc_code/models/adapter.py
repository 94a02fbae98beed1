"""A tiny language model, and an adapter that learns a few texts in its place."""

from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader
from transformers import GPT2Config, GPT2LMHeadModel

BYTES = 256
CONTEXT = 64
WIDTH = 32
RATE = 5e-3
BATCH = 4
IGNORED = -100
ADAPTER = LoraConfig(
    r=4,
    lora_alpha=8,
    lora_dropout=0.0,
    target_modules=["c_attn"],
    fan_in_fan_out=True,
    task_type="CAUSAL_LM",
)


def build_base(seed: int) -> GPT2LMHeadModel:
    """Return a model of bytes with the weights that belong to this seed."""
    # Layers this small gain nothing from a second thread, and wait for it on a busy machine.
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=BYTES,
        n_positions=CONTEXT,
        n_embd=WIDTH,
        n_layer=2,
        n_head=2,
        attn_pdrop=0.0,
        embd_pdrop=0.0,
        resid_pdrop=0.0,
        initializer_range=0.2,
    )
    return GPT2LMHeadModel(config)


def encode(text: str) -> Tensor:
    """Return the first bytes of a text."""
    return torch.tensor(list(text.encode()[:CONTEXT]), dtype=torch.long)


def collate(rows: list[Tensor]) -> dict[str, Tensor]:
    """Return texts as one batch; what fills up the shorter ones is not learnt."""
    labels = pad_sequence(rows, batch_first=True, padding_value=IGNORED)
    return {"input_ids": labels.clamp(min=0), "labels": labels}


def train(texts: list[str], steps: int, seed: int) -> tuple[PeftModel, list[float]]:
    """Return a new adapter that has seen the texts for so many steps, and the loss of each."""
    model = get_peft_model(build_base(seed), ADAPTER)
    parts = [part for part in model.parameters() if part.requires_grad]
    optimiser = torch.optim.AdamW(parts, lr=RATE)
    order = torch.Generator().manual_seed(seed)
    loader = DataLoader(
        [encode(text) for text in texts],
        batch_size=BATCH,
        shuffle=True,
        generator=order,
        collate_fn=collate,
    )
    losses: list[float] = []
    while len(losses) < steps:
        for batch in loader:
            optimiser.zero_grad()
            loss = model(**batch).loss
            loss.backward()
            optimiser.step()
            losses.append(round(loss.item(), 4))
    return model, losses[:steps]


def save(model: PeftModel, folder: Path) -> None:
    """Write the adapter as safetensors, with what describes it."""
    model.save_pretrained(folder, safe_serialization=True)


@torch.inference_mode()
def loss_of(folder: Path, text: str, seed: int) -> float:
    """Return how badly a saved adapter foresees a text, in nats a byte."""
    model = PeftModel.from_pretrained(build_base(seed), folder).eval()
    return round(model(**collate([encode(text)])).loss.item(), 4)
