"""The query language of Logs Insights, on events of our own making."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.logs import expressions
from harness.aws.logs.insights import Event, Query, QuerySyntaxError

START = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC


def event(number: int, message: str) -> Event:
    return Event(
        account="123456789012",
        group="/app",
        stream="a",
        id=str(number),
        timestamp=START + 60_000 * number,
        ingestion_time=START,
        message=message,
    )


EVENTS = [
    *(
        event(
            number,
            json.dumps(
                {
                    "level": "ERROR" if number % 3 == 0 else "INFO",
                    "ms": 10 * number,
                    "user": {"name": f"u{number % 2}"},
                    "ip": f"10.0.{number}.1",
                }
            ),
        )
        for number in range(8)
    ),
    event(8, "user=u8 took 8ms failed"),
    event(9, "user=u9 took 9ms failed"),
]


def ask(query: str) -> list[dict[str, str]]:
    rows = [dict(row) for row in Query(query).run(EVENTS).rows]
    for row in rows:
        row.pop("@ptr", None)
    return rows


def column(query: str) -> list[str]:
    """The only column of an answer."""
    return [value for row in ask(query) for value in row.values()]


def test_without_fields_a_row_is_the_time_and_the_message_newest_first() -> None:
    rows = ask("limit 2")
    assert rows == [
        {"@timestamp": "2023-11-14 22:22:20.000", "@message": "user=u9 took 9ms failed"},
        {"@timestamp": "2023-11-14 22:21:20.000", "@message": "user=u8 took 8ms failed"},
    ]


def test_fields_of_json_are_found_at_every_depth() -> None:
    assert ask("filter ms = 30 | fields level, user.name, ms * 2 as twice") == [
        {"level": "ERROR", "user.name": "u1", "twice": "60"}
    ]


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("level = 'ERROR'", [60, 30, 0]),
        ("level != 'ERROR' and ms < 30", [20, 10]),
        ("ms in [10, 20]", [20, 10]),
        ("ms not in [0, 10, 20, 30, 40, 50]", [70, 60]),
        ("not (level = 'INFO') or ms = 10", [60, 30, 10, 0]),
        ("@message like 'u1' and ms >= 50", [70, 50]),
        ('@message like /"ms": [67]0/', [70, 60]),
        ("@message =~ /(?i)error/ and ms > 0", [60, 30]),
        ("@message not like /u1/ and ispresent(ms)", [60, 40, 20, 0]),
        ("isIpInSubnet(ip, '10.0.2.0/23')", [30, 20]),
        ("strcontains(user.name, '1') and ms % 20 = 10 and ms ^ 2 = 100", [10]),
        ("ms = '40'", [40]),
        ("abs(0 - ms) = 50 or coalesce(absent, ms) = 70", [70, 50]),
    ],
)
def test_filter_keeps_the_events_for_which_its_condition_holds(condition: str, kept: list[int]) -> None:
    assert column(f"filter {condition} | display ms") == [str(ms) for ms in kept]


def test_stats_are_of_each_group() -> None:
    rows = ask("stats count(*) as n, avg(ms), pct(ms, 50) as median, max(ms) by level | sort level asc")
    assert rows == [
        {"level": "ERROR", "n": "3", "avg(ms)": "30", "median": "30", "max(ms)": "60"},
        {"level": "INFO", "n": "5", "avg(ms)": "38", "median": "40", "max(ms)": "70"},
        {"n": "2"},
    ]


def test_stats_by_a_bin_of_time() -> None:
    rows = ask("stats count(*) by bin(5m) | sort `bin(5m)` asc")
    assert rows == [
        {"bin(5m)": "2023-11-14 22:10:00.000", "count(*)": "2"},
        {"bin(5m)": "2023-11-14 22:15:00.000", "count(*)": "5"},
        {"bin(5m)": "2023-11-14 22:20:00.000", "count(*)": "3"},
    ]


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ("sum(ms) / count(ms)", "35"),
        ("count_distinct(level)", "2"),
        ("min(ms)", "0"),
        ("stddev(ms)", "22.9129"),
        ("earliest(level)", "ERROR"),
        ("latest(ms)", "70"),
        ("sortsFirst(user.name)", "u0"),
        ("sortsLast(user.name)", "u1"),
        ("count(absent)", "0"),
    ],
)
def test_a_statistic_of_all_events(statistic: str, value: str) -> None:
    assert column(f"stats {statistic}") == [value]


def test_stats_of_nothing_count_zero() -> None:
    assert ask("filter level = 'NONE' | stats count(*) as n") == [{"n": "0"}]


@pytest.mark.parametrize(
    "pattern",
    [
        '"user=* took *ms" as who, ms',
        "/user=(?<who>\\S+) took (?<ms>\\d+)ms/",
        "/user=(\\S+) took (\\d+)ms/ as who, ms",
        '@message "user=* took *ms" as who, ms',
    ],
)
def test_parse_takes_parts_out_of_a_message(pattern: str) -> None:
    rows = ask(f"filter @message like /^user/ | parse {pattern} | display who, ms | sort ms asc")
    assert rows == [{"who": "u8", "ms": "8"}, {"who": "u9", "ms": "9"}]


def test_dedup_keeps_the_newest_of_each() -> None:
    assert column("filter ispresent(ms) | dedup level | display ms") == ["70", "60"]


def test_sort_goes_by_several_keys_and_puts_what_is_missing_last() -> None:
    assert column("sort level desc, ms asc | display ms") == [
        *("10", "20", "40", "50", "70"),
        *("0", "30", "60"),
    ]


def test_messages_that_differ_in_numbers_only_are_one_pattern() -> None:
    rows = ask("filter @message like /failed/ | pattern @message")
    assert rows[0]["@pattern"] == "user=<Token-1> took <Token-2> failed"
    assert (rows[0]["@sampleCount"], rows[0]["@severityLabel"]) == ("2", "Error")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("toupper(substr(level, 0, 2))", "ER"),
        ("concat(level, '-', ms)", "ERROR-0"),
        ("replace(level, 'R', 'x')", "ExxOx"),
        ("strlen(trim('  a '))", "1"),
        ("greatest(ms, 3, 2) + least(4, 5)", "7"),
        ("floor(2.7) + ceil(2.1) - sqrt(4)", "3"),
        ("fromMillis(0)", "1970-01-01 00:00:00.000"),
        ("toMillis(datefloor(@timestamp, 1h))", "1699999200000"),
        ("isblank('  ')", "1"),
        ("isValidIpv4(ip)", "1"),
        ("if(ms = 0, 'none', 'some')", "none"),
        ("1 / 3", "0.3333"),
    ],
)
def test_a_function(expression: str, value: str) -> None:
    assert column(f"filter ms = 0 | display {expression}") == [value]


def test_a_comment_is_left_out() -> None:
    assert column("# the slowest\nfilter ms > 60 # ms\n| display ms") == ["70"]


@pytest.mark.parametrize(
    ("query", "start", "words"),
    [
        ("bogus x", 0, "unknown command bogus"),
        ("filter ms > ", 12, "unexpected end"),
        ("fields a | | limit 1", 11, "unexpected symbol"),
        ("stats nofunc(x)", 6, "unknown function nofunc"),
        ("fields strlen(a, b)", 7, "wrong number of arguments"),
        ("filter @message like /(/", 21, "invalid regular expression"),
        ("parse @message 'a*b*' as one", 15, "as many names"),
        ("filter a ~ b", 9, "unexpected symbol found ~"),
        ("", 0, "unexpected end"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused_with_the_place(query: str, start: int, words: str) -> None:
    with pytest.raises(QuerySyntaxError, match=words) as raised:
        Query(query)
    assert raised.value.start == start


def test_a_hostile_regular_expression_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expressions, "_SECONDS", 0.2)
    slow = event(1, "a" * 30 + "!")
    assert Query("filter @message like /(a|a)*$/ | limit 1").run([slow]).matched in {0, 1}


def test_a_regular_expression_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(QuerySyntaxError):
        Query("filter @message like /(?:a{60000}){60000}/").run([])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="fields filter()|=<>'\"/*[],`@ab1.", max_size=60))
def test_no_query_makes_anything_but_an_answer_or_a_syntax_error(query: str) -> None:
    try:
        scanned = Query(query).run(EVENTS).scanned
    except QuerySyntaxError:
        scanned = 0
    assert scanned in {0, len(EVENTS)}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(min_value=-1000, max_value=1000), min_size=1, max_size=30))
def test_the_parts_of_a_sum_by_group_are_its_whole(values: list[int]) -> None:
    events = [event(n, json.dumps({"v": value, "g": n % 3})) for n, value in enumerate(values)]
    parts = [dict(row)["s"] for row in Query("stats sum(v) as s by g").run(events).rows]
    whole = dict(Query("stats sum(v) as s").run(events).rows[0])["s"]
    assert sum(map(int, parts)) == int(whole) == sum(values)
