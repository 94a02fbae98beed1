"""A tiny causal language model with a tokenizer that learns from the passages."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

VOCABULARY = 512
CONTEXT = 256
WIDTH = 64
ANSWER = 24
END = "<end>"


def build_tokenizer(texts: tuple[str, ...]) -> PreTrainedTokenizerFast:
    """Train byte pairs on the texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=END)


class Generator:
    """Continues a prompt, always in the same way."""

    def __init__(self, texts: tuple[str, ...], seed: int) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._tokenizer = build_tokenizer(texts)
        # Layers this small gain nothing from a second thread, and wait for it on a busy machine.
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        config = GPT2Config(
            vocab_size=len(self._tokenizer),
            n_positions=CONTEXT,
            n_embd=WIDTH,
            n_layer=2,
            n_head=2,
            initializer_range=0.2,
            bos_token_id=self._tokenizer.eos_token_id,
            eos_token_id=self._tokenizer.eos_token_id,
        )
        self._model = GPT2LMHeadModel(config).eval().to(self.device)

    def answer(self, prompt: str) -> str:
        """Return what an untrained model makes of a prompt."""
        batch = self._tokenizer(
            prompt, truncation=True, max_length=CONTEXT - ANSWER, return_tensors="pt"
        ).to(self.device)
        tokens = self._model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            max_new_tokens=ANSWER,
            do_sample=False,
            pad_token_id=self._tokenizer.pad_token_id,
        )
        length = batch["input_ids"].shape[1]
        text: str = self._tokenizer.decode(tokens[0, length:], skip_special_tokens=True)
        return text
