"""What a question asks for, by its form: lists, counts, summaries, the news, greetings, and what only looks like them."""

from __future__ import annotations

import time

import pytest

from ragqa.retrieval.kind import kind_of
from ragqa.types import Kind


@pytest.mark.parametrize(
    ("question", "kind", "subject"),
    [
        ("你好", "hello", ""),
        ("你好，你是谁？", "hello", ""),
        ("Hello!", "hello", ""),
        ("Hi there", "hello", ""),
        ("what can you do?", "hello", ""),
        ("谢谢你！", "hello", ""),
        ("Thank you very much.", "hello", ""),
        ("我可以问什么问题？", "hello", ""),
        ("你能做什么", "hello", ""),
        ("help", "hello", ""),
        ("Hello, who is the mayor of Linz?", "question", ""),
        ("你好，港口为什么停航？", "question", ""),
        ("谢谢参与者是谁发起的", "question", ""),
        ("Help for whom was approved?", "question", ""),
        ("总结《港口停航》", "summary", "港口停航"),
        ("请总结一下关于青禾机器人的报道", "summary", "青禾机器人"),
        ("概括青禾机器人的新闻", "summary", "青禾机器人"),
        ("总结会上谁发言？", "question", ""),
        ("总结报告是谁写的？", "question", ""),
        ("总结大会在哪里召开？", "question", ""),
        ("Summarise the article “Old tower changes hands”", "summary", "Old tower changes hands"),
        ("please summarize the strike at Pellmoor", "summary", "strike at Pellmoor"),
        ("Can you give me a summary of the Orchid Cloud story?", "summary", "Orchid Cloud"),
        ("What is the article about tidal power about?", "summary", "tidal power"),
        ("What is Chen worried about?", "question", ""),
        ("What was the dispute about?", "question", ""),
        ("《港口停航》讲了什么？", "summary", "港口停航"),
        ("王部长在会上讲了什么？", "question", ""),
        ("关于港口停航的报道讲了什么", "summary", "港口停航"),
        ("这篇文章讲了什么？", "latest", ""),
        ("Who summarised the findings?", "question", ""),
        ("What did the summary of the report leave out?", "question", ""),
        ("最新", "latest", ""),
        ("最新消息", "latest", ""),
        ("今天有什么新闻？", "latest", ""),
        ("有什么新闻", "latest", ""),
        ("latest news", "latest", ""),
        ("What's the latest news?", "latest", ""),
        ("What's new?", "latest", ""),
        ("latest news about Quanta Shipping", "latest", "Quanta Shipping"),
        ("青禾机器人的最新消息", "latest", "青禾机器人"),
        ("有没有关于青禾机器人的最新报道？", "latest", "青禾机器人"),
        ("Who wrote the latest report?", "question", ""),
        ("最新报告是谁写的？", "question", ""),
        ("What is the latest figure for inflation?", "question", ""),
        ("最近的消息称谁会接任？", "question", ""),
        ("What happened recently?", "latest", ""),
        ("show me the newest articles", "latest", ""),
        ("总结今天的新闻", "latest", ""),
        ("summarise the latest news", "latest", ""),
        ("The latest ferry was built where?", "question", ""),
        ("最近一次停航是什么时候？", "question", ""),
        ("哪些公司裁员了？", "list", ""),
        ("列出裁员的公司", "list", ""),
        ("Which companies cut jobs in 2024?", "list", ""),
        ("Name all ports that closed", "list", ""),
        ("What countries took part?", "list", ""),
        ("Which people were named?", "list", ""),
        ("What is its name?", "question", ""),
        ("Which bus goes to the port?", "question", ""),
        ("哪几年停航了？", "question", ""),
        ("Which company cut jobs?", "question", ""),
        ("有多少家公司裁员？", "count", "家"),
        ("How many companies cut jobs?", "count", "companies"),
        ("几个国家参加了会议", "count", "国"),
        ("How many people left?", "question", ""),
        ("有多少人离职？", "question", ""),
        ("裁了多少人？", "question", ""),
        ("多少钱", "question", ""),
        ("都有谁参加了会议？", "list", ""),
        ("Which European cities took part?", "list", ""),
        ("Which hospital does she run?", "question", ""),
        ("What can passengers do?", "question", ""),
        ("毛病出在哪几个地方？", "list", ""),
        ("Which bus is free?", "question", ""),
        ("近日有哪些新闻？", "latest", ""),
        ("最近有什么关于地铁的新闻", "latest", "地铁"),
        ("Any recent news on tidal power?", "latest", "tidal power"),
        ("最新一期报道的作者是谁？", "question", ""),
        ("What are the latest prices?", "question", ""),
        ("流感疫苗的报道的摘要", "summary", "流感疫苗"),
        ("新闻发布会讲了什么？", "question", ""),
        ("摘要由谁撰写？", "question", ""),
        ("概述云河石桥垮塌", "summary", "云河石桥垮塌"),
        ("sum up the news on the Kettle strike", "summary", "the Kettle strike"),
        ("summarise what the articles say about Pellmoor Foods", "summary", "Pellmoor Foods"),
        ("How was the summary written?", "question", ""),
        ("早上好", "hello", ""),
        ("多谢！", "hello", ""),
        ("What can I ask here?", "hello", ""),
        ("谁最新当选？", "question", ""),
        ("文章讲了哪些公司？", "list", ""),
        ("今天发生了什么？", "latest", ""),
        ("今天谁辞职了？", "question", ""),
        ("最近的地铁站在哪里？", "question", ""),
        ("关于白鹭桥有哪些报道？", "summary", "白鹭桥"),
        ("What is reported about Fenwick Bridge?", "summary", "Fenwick Bridge"),
    ],
)
def test_the_form_of_a_question_says_what_it_asks_for(question: str, kind: Kind, subject: str) -> None:
    assert kind_of(question) == (kind, subject)


@pytest.mark.parametrize("word", ["看看", "请问", "你好", "the ", "总结", "有什么", "hello ", "what is "])
def test_a_long_run_of_the_same_words_takes_no_time(word: str) -> None:
    started = time.perf_counter()
    for length in (199, 2000):
        kind_of((word * length)[:length])
    assert time.perf_counter() - started < 0.5
