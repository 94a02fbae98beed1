"""A tiny translator: pieces learnt from a few sentences, and a Marian model that knows them."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import sentencepiece
import torch
from transformers import MarianConfig, MarianMTModel, MarianTokenizer, PreTrainedTokenizerBase

PHRASES = (
    ("guten morgen", "good morning"),
    ("guten abend", "good evening"),
    ("gute nacht", "good night"),
    ("danke schön", "thank you"),
    ("wie geht es dir", "how are you"),
    ("das wetter ist schön", "the weather is nice"),
    ("der zug ist weg", "the train has left"),
    ("ich lese ein buch", "i am reading a book"),
)
END, UNKNOWN, PAD = "</s>", "<unk>", "<pad>"
VOCABULARY = 96
WIDTH = 32
LONGEST = 32
STEPS = 80
RATE = 1e-2


def build_tokenizer() -> PreTrainedTokenizerBase:
    """Train a sentencepiece model on both languages and return Marian's tokenizer for it."""
    with TemporaryDirectory() as folder:
        prefix = Path(folder, "pieces")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter([side for pair in PHRASES for side in pair]),
            model_prefix=str(prefix),
            vocab_size=VOCABULARY,
            hard_vocab_limit=False,
            bos_id=-1,
            eos_id=0,
            unk_id=1,
            minloglevel=2,
        )
        model = str(prefix.with_suffix(".model"))
        pieces = sentencepiece.SentencePieceProcessor(model_file=model)
        vocabulary = {pieces.id_to_piece(number): number for number in range(len(pieces))}
        words = Path(folder, "vocab.json")
        words.write_text(json.dumps(vocabulary | {PAD: len(pieces)}), encoding="utf-8")
        return MarianTokenizer(model, model, str(words), model_max_length=LONGEST)


def build_translator(tokenizer: PreTrainedTokenizerBase, seed: int) -> MarianMTModel:
    """Return a model of two layers that has learnt the phrases, always in the same way."""
    # Layers this small gain nothing from a second thread, and wait for it on a busy machine.
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    pad = tokenizer.pad_token_id
    config = MarianConfig(
        vocab_size=len(tokenizer),
        d_model=WIDTH,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=2 * WIDTH,
        decoder_ffn_dim=2 * WIDTH,
        max_position_embeddings=2 * LONGEST,
        dropout=0.0,
        init_std=0.1,
        pad_token_id=pad,
        decoder_start_token_id=pad,
        eos_token_id=tokenizer.eos_token_id,
        forced_eos_token_id=tokenizer.eos_token_id,
    )
    model = MarianMTModel(config)
    learn(model, tokenizer)
    return model.eval()


def learn(model: MarianMTModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Train the model until it knows the phrases."""
    sources, targets = (list(side) for side in zip(*PHRASES, strict=True))
    batch = tokenizer(sources, text_target=targets, padding=True, return_tensors="pt")
    batch["labels"][batch["labels"] == tokenizer.pad_token_id] = -100
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        model(**batch).loss.backward()
        optimiser.step()
