"""What the documents say is there, and what is there is in the documents."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from cloud.settings import CloudSettings, EngineSettings, ServeSettings
from ecgcore.events import QualityReason, RhythmLabel
from ecgcore.wire.messages import Numbers
from gateway.relay.settings import RelaySettings
from gateway.settings import GatewaySettings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


@pytest.mark.parametrize("kind", [GatewaySettings, CloudSettings, EngineSettings, ServeSettings])
def test_every_setting_stands_in_the_docs_with_its_default(kind: type[BaseSettings]) -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    prefix = kind.model_config["env_prefix"]
    for name, field in kind.model_fields.items():
        default = field.default
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        assert f"| `{prefix}{name.upper()}` | `{shown}` |" in page


def test_no_setting_in_the_docs_is_gone() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    named = set(re.findall(r"`(ECGOMICS_(?:GATEWAY|CLOUD)_\w+)`", page))
    kinds = (GatewaySettings, RelaySettings, CloudSettings, EngineSettings, ServeSettings)
    real = {
        f"{kind.model_config['env_prefix']}{name.upper()}"
        for kind in kinds
        for name in kind.model_fields
    }
    assert named == real


def test_every_route_stands_in_the_docs() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    documented = {
        f"{verb} {re.sub(r'{[^}]*}', '{}', path)}"
        for verb, path in re.findall(r"`(GET|POST) (/[^\s`?]*)", page)
    }
    source = "".join(path.read_text() for path in (ROOT / "cloud" / "api").glob("*.py"))
    routes = re.findall(r"@router\.(get|post)\(\s*\"([^\"]*)\"", source)
    assert len(routes) >= 8
    for verb, path in routes:
        ending = re.sub(r"{[^}]*}", "{}", path)
        assert any(
            known.startswith(verb.upper()) and known.endswith(ending) for known in documented
        ), f"{verb.upper()} {path}"


def test_every_number_rhythm_and_reason_stands_in_the_docs() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    words: list[str] = [*Numbers.model_fields, *RhythmLabel, *QualityReason]
    assert [word for word in words if f"`{word}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_named_files_exist(page: Path) -> None:
    text = page.read_text()
    targets = re.findall(r"\]\((?!http)([^)#]+)", text)
    for target in targets:
        assert (page.parent / target).exists(), target
    if page.name in {"README.md", "SECURITY.md"} and page.parent == ROOT:
        for path in re.findall(r"`((?:tests|cloud|gateway|ecgcore|devices)/[\w./]+)`", text):
            assert (ROOT / path).exists(), path


def test_the_readmes_commands_are_real_targets() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"\bmake (\w+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_ci_runs_the_readmes_test_command() -> None:
    assert "make test" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text()
