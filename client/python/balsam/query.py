"""Conditions in Django's words, compiled to the daemon's; and lazy sets of what they match."""
import datetime
import re
from typing import Any, Dict, Generic, Iterable, Iterator, List, Optional, Tuple, Type, TypeVar, Union

from .errors import BalsamError

#: Django's words for comparisons, by the daemon's.
OPERATORS = {
    "exact": "eq", "ne": "ne", "lt": "lt", "lte": "le", "le": "le", "gt": "gt", "gte": "ge",
    "ge": "ge", "in": "in", "range": "range", "contains": "contains", "icontains": "icontains",
    "startswith": "startswith", "istartswith": "istartswith", "endswith": "endswith",
    "iendswith": "iendswith", "iexact": "iexact", "regex": "regex", "iregex": "iregex",
    "isnull": "isnull", "has_key": "has_key",
}
#: Columns in which a further word is a key, not an operator.
_MAPS = ("data", "tags")
#: Balsam 0.3's and Django's names of columns.
ALIASES = {
    "pk": "id", "job_id": "id", "environ_vars": "environment", "priority_value": "priority",
    "memory": "memory_mib", "exit_code": "return_code",
}

Where = Dict[str, Any]


class Q:
    """A condition: `Q(state="FAILED") | Q(name__contains="x")`, `~Q(…)`."""

    def __init__(self, *conditions: "Q", **lookups: Any) -> None:
        self._parts: List[Union[Q, Tuple[str, Any]]] = [*conditions, *lookups.items()]
        self._way = "all"
        self._is_negated = False

    def _join(self, other: "Q", way: str) -> "Q":
        joined = Q()
        joined._parts = [self, other]
        joined._way = way
        return joined

    def __and__(self, other: "Q") -> "Q":
        return self._join(other, "all")

    def __or__(self, other: "Q") -> "Q":
        return self._join(other, "any")

    def __invert__(self) -> "Q":
        negated = Q(self)
        negated._is_negated = True
        return negated

    def where(self) -> Where:
        """The daemon's condition."""
        parts = [part.where() if isinstance(part, Q) else lookup(*part) for part in self._parts]
        whole = parts[0] if len(parts) == 1 else {self._way: parts}
        return {"not": whole} if self._is_negated else whole


def lookup(name: str, value: Any) -> Where:
    """One `field__path__operator=value` as the daemon's condition."""
    words = name.split("__")
    operator = "exact"
    column = ALIASES.get(words[0], words[0])
    if len(words) > 1 and words[-1] in OPERATORS:
        # A user's key may have the name of an operator; then it is followed by `exact`.
        operator = words.pop()
    if len(words) > 1 and column not in _MAPS:
        raise BalsamError(f"{name}: {words[1]} is neither a comparison nor a key of {words[0]}",
                          "BAD_FIELD", f"comparisons are {', '.join(sorted(OPERATORS))}")
    field = ".".join([column, *words[1:]])
    return _comparison(field, operator, plain(value))


def _comparison(field: str, operator: str, value: Any) -> Where:
    if operator == "has_key":
        return {"field": f"{field}.{value}", "op": "isnull", "value": False}
    if operator == "iregex":
        return {"field": field, "op": "regex", "value": f"(?i){value}"}
    if field in _MAPS and operator in ("contains", "exact") and isinstance(value, dict):
        # As in Django's JSON fields: these keys with these values are among it.
        parts = [_comparison(f"{field}.{key}", "exact", each) if not isinstance(each, dict)
                 else _comparison(f"{field}.{key}", "contains", each) for key, each in value.items()]
        if operator == "contains" or field != "data":
            return {"all": parts}
    if field.startswith("data.") and operator == "contains" and isinstance(value, dict):
        return {"all": [_comparison(f"{field}.{key}", "exact", each) for key, each in value.items()]}
    if field == "parents" and operator == "exact" and value in ([], "[]"):
        return {"field": field, "op": "isnull", "value": True}
    if operator == "exact" and value is None:
        return {"field": field, "op": "isnull", "value": True}
    if operator == "isnull":
        value = bool(value)
    if operator in ("in", "range"):
        value = list(value)
    return {"field": field, "op": OPERATORS[operator], "value": value}


def plain(value: Any) -> Any:
    """A value as JSON knows it: jobs are their ids, times ISO 8601 in UTC, sets lists."""
    if isinstance(value, QuerySet):
        return [plain(each) for each in value]
    if hasattr(value, "pk"):
        return value.pk
    if isinstance(value, re.Pattern):
        return value.pattern
    if isinstance(value, datetime.datetime):
        zoned = value if value.tzinfo is not None else value.astimezone()
        text = zoned.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")
    if isinstance(value, (set, frozenset, tuple, list)) or (
            hasattr(value, "__iter__") and not isinstance(value, (str, bytes, dict))):
        return [plain(each) for each in value]
    return value


Item = TypeVar("Item")


class QuerySet(Generic[Item]):
    """A lazy set. Nothing is asked before it is looked into; then it remembers what it saw.

    A subclass says how to ask: `_fetch`, `_count`. All that narrows a set makes a new one.
    """

    def __init__(self, model: Type[Any]) -> None:
        self.model = model
        self._where: List[Where] = []
        self._order: List[str] = []
        self._low = 0
        self._high: Optional[int] = None
        self._columns: Optional[List[str]] = None
        self._shape = "objects"
        self._is_distinct = False
        self._is_none = False
        self._seen: Optional[List[Any]] = None

    # -- narrowing

    def _clone(self: "Set") -> "Set":
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._where = list(self._where)
        twin._order = list(self._order)
        twin._seen = None
        return twin

    def _with(self: "Set", where: Where) -> "Set":
        if self._low != 0 or self._high is not None:
            raise BalsamError("a slice can't be narrowed further: filter before you slice")
        twin = self._clone()
        twin._where.append(where)
        return twin

    def all(self: "Set") -> "Set":
        return self._clone()

    def none(self: "Set") -> "Set":
        twin = self._clone()
        twin._is_none = True
        return twin

    def filter(self: "Set", *conditions: Q, **lookups: Any) -> "Set":
        if not conditions and not lookups:
            return self._clone()
        return self._with(Q(*conditions, **lookups).where())

    def exclude(self: "Set", *conditions: Q, **lookups: Any) -> "Set":
        if not conditions and not lookups:
            return self._clone()
        return self._with((~Q(*conditions, **lookups)).where())

    def order_by(self: "Set", *fields: str) -> "Set":
        twin = self._clone()
        twin._order = [_ordered(field) for field in fields]
        return twin

    def reverse(self: "Set") -> "Set":
        twin = self._clone()
        order = self._order or ["id"]
        twin._order = [each[1:] if each.startswith("-") else f"-{each}" for each in order]
        return twin

    def distinct(self: "Set") -> "Set":
        twin = self._clone()
        twin._is_distinct = True
        return twin

    def only(self: "Set", *_fields: str) -> "Set":
        """Accepted for Django's sake; every object comes whole."""
        return self._clone()

    defer = only
    select_related = only

    def values_list(self: "Set", *fields: str, flat: bool = False) -> "Set":
        if flat and len(fields) != 1:
            raise TypeError("'flat' is for exactly one field")
        return self._shaped(fields, "flat" if flat else "tuples")

    def values(self: "Set", *fields: str) -> "Set":
        return self._shaped(fields, "dicts")

    def _shaped(self: "Set", fields: Iterable[str], shape: str) -> "Set":
        twin = self._clone()
        twin._columns = list(fields) or None
        twin._shape = shape
        return twin

    def __and__(self: "Set", other: "Set") -> "Set":
        return self._with(other._condition())

    def __or__(self: "Set", other: "Set") -> "Set":
        twin = self._clone()
        twin._where = [{"any": [self._condition(), other._condition()]}]
        return twin

    def _condition(self) -> Where:
        if self._is_none:
            return {"any": []}
        return self._where[0] if len(self._where) == 1 else {"all": self._where}

    # -- looking

    def _all(self) -> List[Any]:
        if self._seen is None:
            self._seen = list(self.iterator())
        return self._seen

    def iterator(self, chunk_size: int = 1000) -> Iterator[Any]:
        """Each element, without remembering them."""
        if self._is_none or (self._high is not None and self._high <= self._low):
            return
        seen = set()
        for item in self._fetch(chunk_size):
            shaped = self._shape_of(item)
            if self._is_distinct and self._shape != "objects":
                key = repr(shaped)
                if key in seen:
                    continue
                seen.add(key)
            yield shaped

    def _shape_of(self, item: Any) -> Any:
        if self._shape == "objects":
            return item
        names = self._columns or list(self.model.columns())
        found = [item.value_of(name) for name in names]
        if self._shape == "dicts":
            return dict(zip(names, found))
        return found[0] if self._shape == "flat" else tuple(found)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:
        return self.exists() if self._seen is None else bool(self._seen)

    def __contains__(self, item: Any) -> bool:
        return any(each == item for each in self._all())

    def __getitem__(self, at: Union[int, slice]) -> Any:
        if isinstance(at, slice):
            if (at.step or 1) != 1 or (at.start or 0) < 0 or (at.stop or 0) < 0:
                return self._all()[at]
            twin = self._clone()
            twin._low = self._low + (at.start or 0)
            high = None if at.stop is None else self._low + at.stop
            ends = [each for each in (high, self._high) if each is not None]
            twin._high = min(ends) if ends else None
            return twin
        if at < 0:
            raise ValueError("negative indexes are not supported: use reverse()")
        if self._seen is not None:
            return self._seen[at]
        found = list(self[at:at + 1])
        if not found:
            raise IndexError("the set is shorter")
        return found[0]

    def __repr__(self) -> str:
        shown = list(self[:21]) if self._seen is None else self._seen[:21]
        more = [*map(repr, shown[:20]), "…"] if len(shown) > 20 else list(map(repr, shown))
        return f"<{type(self).__name__} [{', '.join(more)}]>"

    def count(self) -> int:
        if self._seen is not None:
            return len(self._seen)
        if self._is_none:
            return 0
        whole = self._count()
        high = whole if self._high is None else min(self._high, whole)
        return max(0, high - self._low)

    def exists(self) -> bool:
        return self.count() > 0

    def first(self) -> Optional[Item]:
        return next(iter(self[:1]), None)

    def last(self) -> Optional[Item]:
        if self._high is not None or self._low > 0:
            return self._all()[-1] if self._all() else None
        return self.reverse().first()

    def get(self, *conditions: Q, **lookups: Any) -> Item:
        found = list(self.filter(*conditions, **lookups)[:2]) if conditions or lookups else list(self[:2])
        if len(found) == 1:
            return found[0]
        error = self.model.MultipleObjectsReturned if found else self.model.DoesNotExist
        how = "more than one" if found else "no"
        raise error(f"{how} {self.model.__name__} matches {lookups or 'the query'}")

    def in_bulk(self, keys: Optional[Iterable[Any]] = None) -> Dict[Any, Item]:
        wanted = self if keys is None else self.filter(pk__in=list(keys))
        return {each.pk: each for each in wanted}  # type: ignore[attr-defined]

    def _fetch(self, chunk_size: int) -> Iterator[Item]:
        raise NotImplementedError

    def _count(self) -> int:
        raise NotImplementedError


Set = TypeVar("Set", bound=QuerySet)


def _ordered(field: str) -> str:
    sign = "-" if field.startswith("-") else ""
    words = field.lstrip("-").split("__")
    return sign + ".".join([ALIASES.get(words[0], words[0]), *words[1:]])
