"""The studio's server answers its own page and nobody else."""

from __future__ import annotations

import json
from importlib import resources

import pytest

pytest.importorskip("starlette", reason="augkit[studio] is not installed")
pytest.importorskip("httpx2", reason="the tests' client is not installed")

from starlette.testclient import TestClient

from augkit import page
from augkit.studio import Desk
from augkit.studio.app import FILES, app
from augkit.studio.door import MOST_BYTES
from tests.studio.conftest import UNSAFE

OWN = {"origin": "http://127.0.0.1:8000"}


@pytest.fixture
def client(desk: Desk) -> TestClient:
    return TestClient(app(desk, "secret", 8000), base_url="http://127.0.0.1:8000", follow_redirects=False)


def test_the_page_and_its_files_are_served_under_the_token(client: TestClient) -> None:
    page = client.get("/secret/")
    assert (
        page.status_code == 200 and "<title>augkit studio</title>" in page.text and "{nonce}" not in page.text
    )
    for name, kind in FILES.items():
        file = client.get(f"/secret/{name}")
        assert file.status_code == 200 and file.headers["content-type"].startswith(kind)
    assert client.get("/secret").headers["location"] == "/secret/"


def test_the_page_may_reach_nothing_but_its_own_server(client: TestClient) -> None:
    page = client.get("/secret/")
    policy = page.headers["content-security-policy"]
    assert (
        "default-src 'none'" in policy
        and "unsafe" not in policy
        and "http" not in policy
        and "*" not in policy
    )
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert nonce in page.text and nonce not in client.get("/secret/").text
    for name in (
        "cache-control",
        "referrer-policy",
        "x-content-type-options",
        "cross-origin-resource-policy",
    ):
        assert name in page.headers


def test_no_file_of_the_page_names_another_server() -> None:
    folder = resources.files("augkit.studio") / "page"
    for name in ("index.html", *FILES):
        text = page.css() if name == "house.css" else (folder / name).read_text("utf-8")
        text = text.replace("http://www.w3.org/", "")
        assert "http://" not in text and "https://" not in text, name
        assert name == "editor.js" or (
            "innerHTML" not in text and " style=" not in text and "onclick" not in text
        )


def test_the_editor_is_made_of_the_versions_that_are_written_down() -> None:
    folder = resources.files("augkit.studio") / "page"
    first = (folder / "editor.js").read_text("utf-8").partition("*/")[0]
    licences = (folder / "editor.LICENSE").read_text("utf-8")
    for name, version in json.loads((folder / "made" / "package.json").read_text("utf-8"))[
        "dependencies"
    ].items():
        assert f"{name}@{version}" in first and f"{name} {version}" in licences


@pytest.mark.parametrize(
    "path", ["/", "/secre/", "/secrets/", "//", "/studio.js", "/look", "/%2e%2e/secret/", "/Secret/", "/é/"]
)
def test_promise_24_nothing_is_served_without_the_token(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 403
    assert client.post(path, json={}, headers=OWN).status_code == 403


@pytest.mark.parametrize(
    "path", ["../app.py", "made/package.json", "index.html", "%2e%2e/app.py", "editor.LICENSE"]
)
def test_no_other_file_is_served_with_it(client: TestClient, path: str) -> None:
    assert client.get(f"/secret/{path}").status_code in (403, 404)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1", "127.0.0.1:80", "[::1]:8000", ""]
)
def test_promise_24_a_name_bent_to_this_machine_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/secret/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9000"},
        {"origin": "https://127.0.0.1:8000"},
        {**OWN, "sec-fetch-site": "cross-site"},
    ],
)
def test_promise_24_another_page_may_not_ask_even_with_the_token(
    client: TestClient, headers: dict[str, str]
) -> None:
    asked = {
        "text": "# theirs",
        "version": client.post("/secret/open", json={}, headers=OWN).json()["version"],
    }
    assert client.post("/secret/save", json=asked, headers=headers).status_code == 403
    assert client.post("/secret/save", json=asked, headers=OWN).status_code == 200


def test_a_form_of_another_page_is_no_question(client: TestClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = client.post("/secret/open", content=b"{}", headers={**OWN, "content-type": kind})
        assert answer.status_code == 415
    assert client.put("/secret/open", json={}, headers=OWN).status_code == 405
    assert client.get("/secret/open").status_code == 405
    for method in ("HEAD", "OPTIONS", "TRACE"):
        assert client.request(method, "/secret/", headers=OWN).status_code == 405


def test_only_so_much_is_read(client: TestClient) -> None:
    long = b'{"text": "' + b"a" * MOST_BYTES + b'"}'
    headers = {**OWN, "content-type": "application/json"}
    assert client.post("/secret/look", content=long, headers=headers).status_code == 413
    for length in (str(MOST_BYTES + 1), "-1", "many"):  # refused before a byte of it is read
        said = client.post("/secret/look", content=b"{}", headers={**headers, "content-length": length})
        assert said.status_code == 413 and "Send at most" in said.text
    parts = (long[i : i + 65536] for i in range(0, len(long), 65536))  # says no length beforehand
    assert client.post("/secret/look", content=parts, headers=headers).status_code == 413
    text = "#" + "a" * 1_500_000
    assert (
        "longer than"
        in client.post("/secret/look", json={"text": text}, headers=OWN).json()["error"]["problem"]
    )


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff", b'{"text": 7}', b"{}", b"[" * 100_000])
def test_what_is_not_understood_is_said_so(client: TestClient, body: bytes) -> None:
    headers = {**OWN, "content-type": "application/json"}
    answer = client.post("/secret/look", content=body, headers=headers)
    assert answer.status_code in (400, 422) and answer.json()["problem"]


@pytest.mark.parametrize(
    "text", ["\ud800", "a: &x 1\nb: *x", "- " * 200, "{" * 300, "\x00", "!!python/object:os.system x"]
)
def test_no_text_breaks_the_server(client: TestClient, text: str) -> None:
    body = json.dumps({"text": text}).encode()
    headers = {**OWN, "content-type": "application/json"}
    for name in ("look", "judge", "fix"):
        answer = client.post(f"/secret/{name}", content=body, headers=headers)
        assert answer.status_code in (200, 400, 422), answer.text
        said = answer.json()
        assert said.get("problem") or said.get("error") or said["word"] == "unreadable"


def test_a_whole_visit(client: TestClient, desk: Desk) -> None:
    def ask(name: str, **asked: object) -> dict[str, object]:
        answer = client.post(f"/secret/{name}", json=asked, headers=OWN)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    begun = ask("open")
    assert begun["text"] == UNSAFE and ask("judge", text=UNSAFE)["word"] == "unsafe"
    fixed = str(ask("fix", text=UNSAFE)["text"])
    assert ask("judge", text=fixed)["word"] == "safe"
    shown = ask("look", text=fixed, rows=2, copies=3)
    assert shown["counts"] == {"unsafe": 0, "unproven": 0, "dropped": 0, "safe": 6}
    ask("save", text=fixed, version=begun["version"])
    assert desk.path.read_text("utf-8") == fixed
    again = client.post("/secret/save", json={"text": UNSAFE, "version": begun["version"]}, headers=OWN)
    assert again.status_code == 409 and "changed on the disk" in again.json()["problem"]
