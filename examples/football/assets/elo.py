"""Elo ratings of national teams over all matches in order, after the World Football Elo formula.

Source of the formula: https://en.wikipedia.org/wiki/World_Football_Elo_Ratings

    new rating = old rating + K * G * (W - We)

K is the importance of the tournament (20 friendly ... 60 World Cup finals), G grows with the winning
margin, W is 1 for a win, 0.5 for a draw and 0 for a loss, and We = 1 / (10 ** (-d / 400) + 1) is the
result expected of a rating difference d, to which the home team adds 100 unless the ground is neutral.
A shootout counts as a draw. Every team starts at 1500, so early ratings differ from published tables.
"""

import duckdb
import pyarrow as pa

import floe

START = 1500.0
HOME_ADVANTAGE = 100.0
DEFAULT_IMPORTANCE = 30
RANKED_AFTER_MATCHES = 30

HISTORY = pa.schema(
    [
        ("sequence", pa.int32()),
        ("match_id", pa.string()),
        ("played_on", pa.date32()),
        ("team", pa.string()),
        ("opponent", pa.string()),
        ("importance", pa.int32()),
        ("expected", pa.float64()),
        ("result", pa.float64()),
        ("rating_before", pa.float64()),
        ("rating_after", pa.float64()),
    ]
)


def margin_factor(margin: int) -> float:
    """G of the formula: how much a winning margin of so many goals weighs."""
    if margin <= 1:
        return 1.0
    if margin == 2:
        return 1.5
    return (11 + margin) / 8


def expected_result(difference: float) -> float:
    """We of the formula: the result expected of the stronger side of a rating difference."""
    return float(1 / (10 ** (-difference / 400) + 1))


@floe.asset(layer="gold")
def elo_history(matches: duckdb.DuckDBPyRelation, tournament_importance: duckdb.DuckDBPyRelation) -> pa.Table:
    """Both teams' ratings before and after every match, two rows a match, in order of play."""
    importance = dict(tournament_importance.project("tournament, importance").fetchall())
    ordered = matches.filter("is_played").order("played_on, match_id")
    ratings: dict[str, float] = {}
    rows = []
    for sequence, (match_id, day, home, away, home_score, away_score, tournament, neutral) in enumerate(
        ordered.project(
            "match_id, played_on, home_team, away_team, home_score, away_score, tournament, is_neutral"
        ).fetchall(),
        start=1,
    ):
        weight = importance.get(tournament, DEFAULT_IMPORTANCE)
        home_before = ratings.get(home, START)
        away_before = ratings.get(away, START)
        advantage = 0.0 if neutral else HOME_ADVANTAGE
        expected = expected_result(home_before + advantage - away_before)
        result = 0.5 if home_score == away_score else float(home_score > away_score)
        change = weight * margin_factor(abs(home_score - away_score)) * (result - expected)
        ratings[home] = home_before + change
        ratings[away] = away_before - change
        played = (sequence, match_id, day)
        rows.append((*played, home, away, weight, expected, result, home_before, ratings[home]))
        rows.append((*played, away, home, weight, 1 - expected, 1 - result, away_before, ratings[away]))
    columns = zip(*rows, strict=True) if rows else ([] for _ in HISTORY)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, HISTORY, strict=True)]
    return pa.Table.from_arrays(arrays, schema=HISTORY)


@floe.asset(layer="gold")
def elo_ratings(elo_history: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The table as it stands: each team's latest and best rating. Teams with few matches have no rank."""
    standings = elo_history.aggregate(
        """
        team,
        arg_max(rating_after, sequence) as rating,
        count(*) as matches,
        max(rating_after) as best_rating,
        arg_max(played_on, (rating_after, -sequence)) as best_on,
        max(played_on) as last_match_on
        """,
        "team",
    )
    return standings.project(
        f"""
        case when matches >= {RANKED_AFTER_MATCHES}
            then row_number() over (order by matches < {RANKED_AFTER_MATCHES}, rating desc, team)
        end as position,
        team,
        round(rating, 2) as rating,
        matches,
        round(best_rating, 2) as best_rating,
        best_on,
        last_match_on
        """
    ).order("position nulls last, team")
