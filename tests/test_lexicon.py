"""Words, names and quantities across Chinese and English."""

import pytest

from ragqa.text.lexicon import asks_for_latest, denies, fold, names, ngrams, noun_phrases, terms
from ragqa.text.numbers import quantities, scales


def test_fold_ignores_case_width_and_traditional_forms() -> None:
    assert fold("ＯｐｅｎＡＩ的軟體") == "openai的软体"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("谁是特斯拉的首席执行官？", ("特斯拉",)),
        ("洛根·基尔帕特里克在OpenAI做什么？", ("洛根", "基尔帕特里克", "openai")),
        ("训练GPT-4花了多少钱？", ("gpt-4",)),
        ("Where did John Schulman go, and why?", ("john", "schulman")),
        ("why did Brundage leave?", ("brundage",)),
        ("What happened?", ()),
    ],
)
def test_names_are_proper_nouns_in_either_script(text: str, expected: tuple[str, ...]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1570 亿美元", "$157 billion"),
        ("五亿", "500 million"),
        ("二十位", "twenty people"),
        ("10,000 个", "一万"),
        ("百分之20", "20%"),
        ("两成算力", "20% of compute"),
    ],
)
def test_quantities_agree_across_languages(one: str, other: str) -> None:
    assert quantities(one) == quantities(other)


def test_months_and_small_words_count_only_generously() -> None:
    assert quantities("May 15, one of two") == {15}
    assert quantities("May 15, one of two", generous=True) == quantities("5月15日，两个之一", generous=True)


def test_quantities_that_differ_stay_apart() -> None:
    assert quantities("80 billion") != quantities("1570亿")
    assert quantities("神舟十三号") != quantities("神舟十四号")


@pytest.mark.parametrize(
    ("text", "powers"),
    [
        ("损失数十亿元", {9}),
        ("Several billion yuan were lost", {9}),
        ("上百万人", {6}),
        ("hundreds of thousands of people", {5}),
        ("several hundred thousand people", {5}),
        ("成千上万", {3, 4}),
        ("三百人, 5 million people, two hundred ships", set()),
    ],
)
def test_vague_numbers_have_a_scale_and_no_value(text: str, powers: set[int]) -> None:
    assert scales(text) == powers
    if powers:
        assert quantities(text, generous=True) == frozenset()


def test_ngrams_pair_characters_and_keep_latin_words() -> None:
    assert ngrams("离开OpenAI") == {"离开", "openai"}


# --- terms -----------------------------------------------------------------------------------


def test_terms_are_latin_words_and_characters_pairs_and_words_of_chinese() -> None:
    assert terms("开放的 OpenAI GPT-4") == ["openai", "gpt-4", "开", "放", "的", "开放", "放的", "=开放"]


def test_terms_are_repeated_as_often_as_they_stand() -> None:
    assert terms("lamp Lamp, 灯。灯") == ["lamp", "lamp", "灯", "灯"]


def test_terms_pair_only_neighbours_within_a_run() -> None:
    assert terms("洛根在OpenAI") == ["openai", "洛", "根", "在", "洛根", "根在", "=洛根"]
    assert terms("港，口") == ["港", "口"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("離職的軟體", "离职的软体"), ("ＧＰＴ－４", "gpt-4"), ("OpenAI", "ＯＰＥＮＡＩ"), ("①", "1")],
)
def test_terms_are_the_same_in_every_form(one: str, other: str) -> None:
    assert terms(one) == terms(other) != []


@pytest.mark.parametrize("text", ["", "。！？…", "the and of what", "🙂"])
def test_signs_and_stop_words_are_no_terms(text: str) -> None:
    assert terms(text) == []


def test_chinese_stop_words_are_no_words_but_their_characters_count() -> None:
    assert terms("什么") == ["什", "么", "什么"]


@pytest.mark.parametrize(
    "question",
    ["OpenAI最新的消息", "最近一次发布会", "近日谁离职了？", "公司近況如何", "What is the LATEST model?", "the newest one",
     "Who left most recently?", "What is the most recent release?", "What does she do these days?", "最新模型ＧＰＴ"],
)  # fmt: skip
def test_some_questions_ask_for_the_newest_article(question: str) -> None:
    assert asks_for_latest(question) is True


@pytest.mark.parametrize(
    "question",
    ["谁离职了？", "最近的车站在哪里？", "后来怎样", "the greatest hits", "Who left later?", "the most important news", ""],
)  # fmt: skip
def test_others_do_not(question: str) -> None:
    assert asks_for_latest(question) is False


# --- negations and terms ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["他没来。", "大桥没有通车。", "他从不说谎。", "大桥尚未通车。", "并非如此。", "无法通车。", "他否认了。", "他拒绝了。",
     "It is not open.", "It never opened.", "It isn't so.", "It isn’t so.", "No bridge opened.", "She denied it.",
     "He REFUSED to go.", "It cannot open."],
)  # fmt: skip
def test_a_negation_is_known_in_both_languages(text: str) -> None:
    assert denies(text)


@pytest.mark.parametrize(
    "text",
    ["大桥通车了。", "他来了，不过很晚。", "警方没收了钱。", "未来的大桥。", "不仅如此。", "不同的桥。", "不少人来了。", "不断上涨。",
     "It is notable.", "He knows north.", "None", ""],
)  # fmt: skip
def test_words_that_only_look_like_one_are_no_negation(text: str) -> None:
    assert not denies(text)


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("七鳃鳗和盲鳗没有颌骨。", ["七鳃鳗和盲鳗", "颌骨"]),
        ("约翰·梅信格与他", ["约翰·梅信格"]),
        ("Its buyer is Marta Lindqvist, a painter from Linz.", ["Its", "Marta Lindqvist", "Linz"]),
        ("He sold GPT-4 to Li.", ["He", "GPT-4", "Li"]),
        ("nothing here", []),
        ("", []),
    ],
)
def test_terms_are_runs_of_nouns_or_of_capitalised_words(text: str, phrases: list[str]) -> None:
    assert noun_phrases(text) == phrases
