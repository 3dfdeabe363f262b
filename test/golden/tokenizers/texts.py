"""Texts and chats on which tokenisers are compared."""

TEXTS = [
    "",
    " ",
    "Once upon a time, there was a little girl named Lily.",
    "Hello world",
    " leading blank",
    "trailing blank ",
    "two  blanks   three    four",
    "line\nbreaks\n\nand\ttabs\r\n",
    "I'm you're he'll we've I'd it's CAN'T DON'T",
    "numbers 1 12 123 1234 3.14159 1,000,000 2024-01-31",
    "naïve café résumé Ångström",
    "cafe\u0301 e\u0301 A\u030a",
    "Ελληνικά Русский العربية עברית हिन्दी ไทย",
    "日本語のテキスト 中文文本 한국어",
    "🙂 👩‍👩‍👧 🏳️‍🌈 emoji👍🏽end",
    "def f(x):\n    return x ** 2  # comment\n",
    "<html><body>a & b</body></html>",
    "snake_case camelCase kebab-case SCREAMING",
    "ﬁ ligature ½ ² ™ Ω",
    "zero\u200bwidth\u00a0nbsp\u3000ideographic",
    "…“quotes” — dashes – and ‘more’",
    "▁underline block ▁▁",
    "<0x41> <unk> not special?",
    "a" * 40,
]

#: Special tokens inside the text; the names are filled in per tokeniser.
SPECIAL_TEXTS = ["{bos}hello{eos}", "{bos} hello {eos} world", "mid{eos}dle", "{eos}{eos}{bos}"]

CHATS = [
    [{"role": "user", "content": "Hi"}],
    [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "A model."}],
    [
        {"role": "system", "content": "Answer in one word."},
        {"role": "user", "content": "  What is 2+2?  "},
        {"role": "assistant", "content": " Four "},
        {"role": "user", "content": "naïve 🙂?\nSecond line"},
    ],
]
