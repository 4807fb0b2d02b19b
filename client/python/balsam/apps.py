"""Apps as objects: the first half of their jobs' command lines."""
from typing import Any, ClassVar, Dict, Iterator, List, Optional, Type

from ._fields import environment_of
from .errors import MultipleObjectsReturned, ObjectDoesNotExist
from .query import QuerySet, Where

_COLUMNS = ("name", "executable", "preprocess", "postprocess", "envscript", "environment",
            "description")


class AppQuerySet(QuerySet["App"]):
    """Apps that match; a site has few, so they are matched here."""

    def __init__(self, model: Type["App"], site: Any = None) -> None:
        super().__init__(model)
        self._site = site

    @property
    def site(self) -> Any:
        from .site import current_site

        return self._site if self._site is not None else current_site()

    def _fetch(self, chunk_size: int) -> Iterator["App"]:
        found = [self.model.from_document(each, self.site)
                 for each in self.site.session.get("/v1/apps")["items"]]
        found = [each for each in found if all(_holds(where, each) for where in self._where)]
        for field in reversed(self._order):
            found.sort(key=lambda app: str(app.value_of(field.lstrip("-"))),
                       reverse=field.startswith("-"))
        return iter(found[self._low:self._high])

    def _count(self) -> int:
        twin = self._clone()
        twin._low, twin._high, twin._shape = 0, None, "objects"
        return len(list(twin._fetch(0)))

    def create(self, **values: Any) -> "App":
        app = self.model(**values)
        app.site = self._site
        app.save()
        return app

    def delete(self) -> int:
        found = list(self)
        for app in found:
            app.delete()
        return len(found)


class AppManager:
    """`App.objects`."""

    def __init__(self, site: Any = None, model: Optional[Type["App"]] = None) -> None:
        self._site = site
        self._model = model

    def __get__(self, _instance: Any, owner: Type["App"]) -> "AppManager":
        return type(self)(self._site, self._model or owner)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(AppQuerySet(self._model or App, self._site), name)


class App:
    """A named application."""

    objects: ClassVar[AppManager] = AppManager()
    DoesNotExist: ClassVar[Type[ObjectDoesNotExist]] = ObjectDoesNotExist
    MultipleObjectsReturned: ClassVar[Type[MultipleObjectsReturned]] = MultipleObjectsReturned

    def __init__(self, name: str = "", executable: str = "", *, description: str = "",
                 envscript: str = "", environment: Any = None, preprocess: str = "",
                 postprocess: str = "", resources: Optional[Dict[str, Any]] = None,
                 site: Any = None) -> None:
        self.name = name
        self.executable = executable
        self.description = description
        self.envscript = envscript
        self.environment: Dict[str, str] = environment_of(environment)
        self.preprocess = preprocess
        self.postprocess = postprocess
        self.resources = dict(resources or {})
        self.site = site
        self._is_saved = False

    @classmethod
    def columns(cls) -> List[str]:
        return list(_COLUMNS)

    @classmethod
    def from_document(cls, found: Dict[str, Any], site: Any = None) -> "App":
        app = cls.__new__(cls)
        App.__init__(app, **{name: found[name] for name in (*_COLUMNS, "resources") if name in found},
                     site=site)
        app._is_saved = True
        return app

    @property
    def pk(self) -> str:
        return self.name

    def value_of(self, name: str) -> Any:
        return getattr(self, {"id": "name"}.get(name, name))

    def document(self) -> Dict[str, Any]:
        found = {name: getattr(self, name) for name in _COLUMNS}
        # Absent means none, so that an older daemon takes an app without hooks.
        for name in ("preprocess", "postprocess"):
            if not found[name]:
                del found[name]
        if self.resources:
            found["resources"] = self.resources
        return found

    def save(self, **_ignored: Any) -> None:
        """Adds the app, or replaces the one that was read."""
        session = self._session()
        if self._is_saved:
            session.call("PUT", f"/v1/apps/{self.name}", self.document(), is_repeatable=True)
        else:
            session.post("/v1/apps", self.document())
        self._is_saved = True

    def delete(self) -> None:
        self._session().call("DELETE", f"/v1/apps/{self.name}")

    def submit(self, *args: Any, name: Optional[str] = None, **fields: Any) -> Any:
        """Submits a job of this app; words after the executable as arguments."""
        from .job import Job

        job = Job(name=name or self.name, application=self.name, **fields)
        if args:
            job.args = list(args)  # type: ignore[attr-defined]
        job.site = self.site
        job.save()
        return job

    def _session(self) -> Any:
        from .site import current_site

        return (self.site if self.site is not None else current_site()).session

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.executable}>"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, App) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


def _holds(where: Where, app: App) -> bool:
    """Does the condition hold for the app?"""
    if "all" in where:
        return all(_holds(each, app) for each in where["all"])
    if "any" in where:
        return any(_holds(each, app) for each in where["any"])
    if "not" in where:
        return not _holds(where["not"], app)
    value, wanted = str(app.value_of(where["field"])), where["value"]
    operator = where["op"]
    if operator == "in":
        return value in [str(each) for each in wanted]
    if operator == "isnull":
        return (value == "") == wanted
    text = str(wanted)
    if operator.startswith("i"):
        operator, value, text = operator[1:], value.lower(), text.lower()
    if operator == "regex":
        import re

        return re.search(text, value) is not None
    found = {"eq": value == text, "exact": value == text, "ne": value != text,
             "contains": text in value, "startswith": value.startswith(text),
             "endswith": value.endswith(text), "lt": value < text, "le": value <= text,
             "gt": value > text, "ge": value >= text}
    return found[operator]
