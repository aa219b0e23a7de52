"""The tiny base's tokenizer: one token a word, numbers included, a line break a word of its own."""

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from journey.tasks.exploration import END
from journey.tasks.tiny_words import VOCABULARY


def word_tokenizer() -> PreTrainedTokenizerFast:
    """A fast tokenizer over `VOCABULARY`; a word outside it is an error, never a silent unknown."""
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split("\n", "isolated"), pre_tokenizers.Split(" ", "removed")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.WordPiece(prefix="##", cleanup=False),
            decoders.Fuse(),
            decoders.Replace(Regex(" ?\n ?"), "\n"),
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=VOCABULARY[0], eos_token=END, clean_up_tokenization_spaces=False
    )
