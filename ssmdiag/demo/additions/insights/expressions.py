"""The expressions of Logs Insights: operators by precedence, functions, lists and literals.

CloudWatch Logs User Guide, "Boolean, comparison, numeric, datetime, and other functions" and
"filter".
"""

from __future__ import annotations

import warnings
from typing import Any

import regex

from ssmdiag.demo.additions.insights.functions import AGGREGATES, FUNCTIONS, PERIODS
from ssmdiag.demo.additions.insights.query import Apply, Constant, Expression, Field
from ssmdiag.demo.additions.insights.tokens import (
    Kind,
    MalformedQueryError,
    Token,
    field_name,
    string_value,
    unexpected,
)

_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
_ARITHMETIC = (("+", "-"), ("*", "/", "%"), ("^",))


class Expressions:
    """A reader of expressions out of a query's tokens."""

    def __init__(self, query: str, tokens: list[Token]) -> None:
        self.query = query
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    @property
    def last(self) -> Token:
        return self._tokens[self._at - 1]

    def take(self, *kinds: Kind) -> Token:
        """Take the next token, which must be of one of these kinds."""
        if self.next.kind not in kinds:
            unexpected(self.query, self.next.start, self.next.text)
        self._at += 1
        return self.last

    def skip(self, word: str) -> bool:
        """Take the next token if it is this keyword or sign."""
        found = self.next.word == word
        self._at += found
        return found

    def expect(self, word: str) -> None:
        """Take this keyword or sign, which must come now."""
        if not self.skip(word):
            unexpected(self.query, self.next.start, self.next.text)

    def expression(self) -> Expression:
        """Read one expression; ``or`` binds least, then ``and``, ``not``, comparisons, sums."""
        left = self._conjunction()
        while self.skip("or"):
            left = Apply("or", (left, self._conjunction()))
        return left

    def _conjunction(self) -> Expression:
        left = self._negation()
        while self.skip("and"):
            left = Apply("and", (left, self._negation()))
        return left

    def _negation(self) -> Expression:
        if self.skip("not"):
            return Apply("not", (self._negation(),))
        return self._comparison()

    def _comparison(self) -> Expression:
        left = self._arithmetic(0)
        word = self.next.word
        if word in _COMPARISONS:
            self.take("sign")
            return Apply(word, (left, self._arithmetic(0)))
        if self.skip("=~"):
            return Apply("like", (left, Constant(self.regex_value(self.take("regex")))))
        negated = self.skip("not")
        if self.skip("like"):
            found: Expression = Apply("like", (left, self._likeness()))
        elif self.skip("in"):
            found = Apply("in", (left, *self._list()))
        elif negated:
            unexpected(self.query, self.next.start, self.next.text)
        else:
            return left
        return Apply("not", (found,)) if negated else found

    def _likeness(self) -> Constant:
        token = self.take("regex", "string")
        if token.kind == "regex":
            return Constant(self.regex_value(token))
        return Constant(string_value(token.text))

    def _list(self) -> list[Expression]:
        self.expect("[")
        members = [self._arithmetic(0)]
        while self.skip(","):
            members.append(self._arithmetic(0))
        self.expect("]")
        return members

    def _arithmetic(self, level: int) -> Expression:
        if level == len(_ARITHMETIC):
            return self._operand()
        left = self._arithmetic(level + 1)
        while self.next.word in _ARITHMETIC[level]:
            sign = self.take("sign").text
            left = Apply(sign, (left, self._arithmetic(level + 1)))
        return left

    def _operand(self) -> Expression:
        if self.skip("("):
            inner = self.expression()
            self.expect(")")
            return inner
        if self.skip("-"):
            return Apply("-", (Constant(0), self._operand()))
        token = self.take("name", "number", "string", "period")
        if token.kind == "number":
            return Constant(float(token.text) if "." in token.text else int(token.text))
        if token.kind == "string":
            return Constant(string_value(token.text))
        if token.kind == "period":
            return Constant(self._period(token))
        if self.next.word == "(" and self.next.start == token.end:
            return self._call(token)
        return Field(field_name(token.text))

    def _call(self, token: Token) -> Apply:
        name = token.word
        if name not in FUNCTIONS and name not in AGGREGATES:
            unexpected(self.query, self.next.start, "(")
        self.expect("(")
        operands: list[Expression] = []
        if name == "count":
            self.skip("*")
        while self.next.word != ")":
            operands.append(self.expression())
            if not self.skip(","):
                break
        self.expect(")")
        fewest, most = (FUNCTIONS.get(name) or AGGREGATES[name])[:2]
        if not fewest <= len(operands) <= most:
            raise MalformedQueryError(f"Invalid number of arguments for {name}: {len(operands)}")
        return Apply(name, tuple(operands))

    def _period(self, token: Token) -> int:
        digits = token.text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        unit = token.text[len(digits) :].lower()
        if unit not in PERIODS:
            raise MalformedQueryError(f"this demo account does not evaluate periods in {unit!r}")
        milliseconds, most = PERIODS[unit]
        return min(int(digits), most) * milliseconds

    def regex_value(self, token: Token) -> Any:
        """Compile an expression between slashes. Its flags stand inside: ``/(?i)word/``."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return regex.compile(token.text[1:-1].replace("\\/", "/"))
        except regex.error as error:
            raise MalformedQueryError(f"Invalid regular expression: {error}") from None
