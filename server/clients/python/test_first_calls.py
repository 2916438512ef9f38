"""The first calls of docs/API.md with the client that openapi-python-client makes, and a token as others verify it."""

import base64
import json
import os

import httpx
import joserfc.errors
import joserfc.jwt
import jwt
import pytest
from joserfc.jwk import KeySet
from jwt import PyJWKClient

from gridfold_client import AuthenticatedClient, Client
from gridfold_client.api.forms import list_forms
from gridfold_client.api.records import create_record, edit_record, list_records, read_record
from gridfold_client.api.sessions import sign_in
from gridfold_client.models import (
    Edit,
    EditResult,
    Fields,
    FormList,
    GroupItem,
    NewRecord,
    Place,
    ProblemBody,
    RecordBody,
    RecordPage,
    TokenPairBody,
    SignIn,
)

BASE = os.environ["BASE"]
ISSUER = os.environ["ISSUER"]
JWKS = f"{BASE}/.well-known/jwks.json"


@pytest.fixture(scope="module")
def token() -> str:
    given = SignIn(login="admin", password=os.environ["PASSWORD"])
    session = sign_in.sync(client=Client(base_url=BASE), body=given)
    assert isinstance(session, TokenPairBody), session
    return session.access_token


@pytest.fixture(scope="module")
def api(token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=BASE, token=token)



def test_a_visit_is_made_listed_and_read(api: AuthenticatedClient) -> None:
    fields = Fields()
    fields["visited_at"] = "2026-06-13T01:50:34Z"
    fields["purpose"] = "care"
    fields["minutes"] = 25
    fields["needs"] = ["meals", "repair"]
    fields["safety_checked"] = True
    fields["temperature"] = "19.5"
    fields["location"] = Place(lat=39.12, lon=117.2)
    fields["notes"] = "从 Python 写入"
    new = NewRecord(grid="s-1", form="visit", fields=fields)
    made = create_record.sync(client=api, body=new, idempotency_key="first-calls.py")
    assert isinstance(made, EditResult) and isinstance(made.record, RecordBody), made
    record_id = made.record.record_id

    page = list_records.sync(client=api, form="visit", id=record_id, fields="purpose,location")
    assert isinstance(page, RecordPage)
    (row,) = page.records
    assert isinstance(row.fields, Fields)
    assert row.fields.additional_properties == {"purpose": "care", "location": Place(lat=39.12, lon=117.2)}

    read = read_record.sync(record_id, client=api)
    assert isinstance(read, RecordBody)
    assert read.fields["minutes"] == 25
    assert read.fields["location"] == Place(lat=39.12, lon=117.2)
    needs = read.fields["needs"]
    assert isinstance(needs, list) and set(map(str, needs)) == {"meals", "repair"}

    nothing = Fields()
    nothing["minutes"] = None
    changed = edit_record.sync(record_id, client=api, body=Edit(fields=nothing), if_match=f'"{read.heads}"')
    assert isinstance(changed, EditResult) and isinstance(changed.record, RecordBody), changed
    assert changed.record.fields.additional_properties.get("minutes") is None


def test_items_of_a_group_are_typed(api: AuthenticatedClient) -> None:
    person = GroupItem(key="first")
    person["name"] = "王伟"
    fields = Fields()
    fields["address"] = "和平路 1 号"
    fields["members"] = [person]
    made = create_record.sync(client=api, body=NewRecord(grid="s-1", form="household", fields=fields))
    assert isinstance(made, EditResult) and isinstance(made.record, RecordBody), made
    members = made.record.fields["members"]
    assert isinstance(members, list)
    (item,) = members
    assert isinstance(item, GroupItem) and item["name"] == "王伟"


def test_forms_come_back_whole(api: AuthenticatedClient, token: str) -> None:
    forms = list_forms.sync(client=api)
    assert isinstance(forms, FormList)
    raw = httpx.get(f"{BASE}/v1/forms", headers={"authorization": f"Bearer {token}"}).json()
    assert forms.to_dict() == raw
    # Nothing of them is only kept along: all of it has a name.
    for form in forms.forms:
        assert not form.additional_properties, form.code
        for field in form.fields:
            assert not field.additional_properties, (form.code, field.key)


def test_what_is_not_there_is_a_problem_with_a_code(api: AuthenticatedClient) -> None:
    problem = read_record.sync("01900000-0000-7000-8000-000000000000", client=api)
    assert isinstance(problem, ProblemBody)
    assert (problem.status, problem.code) == (404, "not_found")


def changed(token: str) -> str:
    """The same token for another user."""
    header, claims, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    said["sub"] = said["jti"]
    other = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return f"{header}.{other}.{signature}"


def test_pyjwt_verifies_a_token_by_the_address_of_the_keys_and_refuses_a_changed_one(token: str) -> None:
    keys = PyJWKClient(JWKS)
    key = keys.get_signing_key_from_jwt(token)

    def verify(token: str, audience: str = "gridfold") -> dict[str, object]:
        claims: dict[str, object] = jwt.decode(
            token, key, algorithms=["EdDSA"], audience=audience, issuer=ISSUER, leeway=30
        )
        return claims

    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    claims = verify(token)
    assert claims["client_id"] == claims["device_id"]
    with pytest.raises(jwt.InvalidSignatureError):
        verify(changed(token))
    with pytest.raises(jwt.InvalidAudienceError):
        verify(token, audience="another")


def test_joserfc_does_once_it_is_told_the_algorithm(token: str) -> None:
    keys = KeySet.import_key_set(httpx.get(JWKS).json())
    with pytest.raises(joserfc.errors.UnsupportedAlgorithmError):
        joserfc.jwt.decode(token, keys)
    said = joserfc.jwt.decode(token, keys, algorithms=["EdDSA"])
    rules = joserfc.jwt.JWTClaimsRegistry(
        leeway=30, iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": "gridfold"}
    )
    rules.validate(said.claims)
    with pytest.raises(joserfc.errors.BadSignatureError):
        joserfc.jwt.decode(changed(token), keys, algorithms=["EdDSA"])
