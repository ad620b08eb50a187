"""E-mails: subject, day as written, sender, body; attachments are named and not read."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from ragqa.corpus.articles import read_articles
from ragqa.corpus.mail import read_mail
from ragqa.types import Skipped

NIGHT = "渡口周五起加开夜班，最后一班十一点开。票价不变，仍是两元。"


def mail(subject: str = "渡口加开夜班", sender: str = "闻笙 <wen@river.example>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["Subject"] = sender, subject
    message["Date"] = "Tue, 05 Mar 2024 23:30:00 +0800"
    return message


def test_a_mail_has_its_subject_its_day_and_its_sender(tmp_path: Path) -> None:
    message = mail()
    message.set_content(f"{NIGHT}\n\n-- \n渡口日报 编辑部\n")
    (tmp_path / "night.eml").write_bytes(message.as_bytes())
    ((article,), skipped) = read_articles(tmp_path)
    assert (article.title, article.published, article.published_from) == (
        "渡口加开夜班",
        "2024-03-05",
        "field",
    )
    assert (article.author, article.source, article.text) == ("闻笙", "闻笙", f"author: 闻笙\n{NIGHT}")
    assert skipped == []


def test_attachments_are_named_with_what_to_do(tmp_path: Path) -> None:
    message = mail()
    message.set_content(NIGHT)
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="航线图.pdf")
    message.add_attachment("other words", filename="note.txt")
    (tmp_path / "night.eml").write_bytes(message.as_bytes())
    ((article,), skipped) = read_articles(tmp_path)
    assert NIGHT in article.text
    assert "other words" not in article.text
    why = "an attachment: save it as a file of its own"
    assert skipped == [Skipped("night.eml#航线图.pdf", why), Skipped("night.eml#note.txt", why)]


def test_the_plain_body_is_read_and_the_html_one_where_there_is_no_other() -> None:
    both = mail()
    both.set_content("The ferry runs at night.")
    both.add_alternative("<p>The ferry <b>sails</b> at night.</p>", subtype="html")
    assert read_mail(both.as_bytes()).text.strip() == "The ferry runs at night."
    page = mail()
    page.set_content("<p>The ferry <b>sails</b> at night.</p><p style='display:none'>no</p>", subtype="html")
    assert read_mail(page.as_bytes()).text == "The ferry sails at night."


def test_headers_written_in_bytes_are_read_in_the_encoding_of_the_body() -> None:
    head = b"From: Ola Berg <ola@pier.example>\nSubject: " + "码头修灯".encode("gbk") + b"\nDate: some day\n"
    body = b"Content-Type: text/plain; charset=gb2312\n\n" + NIGHT.encode("gbk")
    found = read_mail(head + body)
    assert (found.title, found.author, found.published, found.text) == ("码头修灯", "Ola Berg", None, NIGHT)


def test_flowed_lines_are_one() -> None:
    message = "From: a@b.example\nContent-Type: text/plain; format=flowed\n\nThe ferry runs \nat night.\nIt is new.\n"
    assert read_mail(message.encode()).text == "The ferry runs at night.\nIt is new.\n"


def test_an_address_alone_is_the_source_and_no_author() -> None:
    found = read_mail(b"From: desk@river.example\nSubject: x\n\nThe ferry runs at night.\n")
    assert (found.author, found.outlet) == ("", "desk@river.example")


@pytest.mark.parametrize(
    ("data", "why"), [(b"The ferry runs.\n", "not an e-mail"), (b"Subject: Ferry\n\n  \n", "without a text")]
)
def test_what_is_no_mail_or_has_no_text_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_mail(data)


def test_many_nested_parts_cost_no_more_than_a_refusal() -> None:
    opened = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(2000))
    with pytest.raises((ValueError, RecursionError)):
        read_mail(f"Subject: x\n{opened}".encode())


def test_a_reply_is_read_without_what_it_answers(tmp_path: Path) -> None:
    answered = "The lamps work again.\n\nOn Fri, 3 May 2024 at 17:20, Desk\n<desk@pier.example> wrote:\n> Do the lamps work?\n>\n> Ola\n"
    (tmp_path / "reply.eml").write_text(
        f"From: Ruth Coe <ruth@pier.example>\nSubject: Re: lamps\nContent-Type: text/plain\n\n{answered}",
        encoding="utf-8",
    )
    forwarded = "闻笙 于五月三日写道：\n> 渡口周五起加开夜班。\n"
    (tmp_path / "forward.eml").write_text(
        f"From: desk@pier.example\nSubject: Fwd\nContent-Type: text/plain; charset=utf-8\n\n{forwarded}",
        encoding="utf-8",
    )
    forward, reply = read_articles(tmp_path)[0]
    assert reply.text.split("\n")[-1] == "The lamps work again."
    assert "渡口周五起加开夜班。" in forward.text
