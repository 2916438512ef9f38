package gridfold;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.Ed25519Verifier;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.BadJWTException;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import gridfold.api.ApiClient;
import gridfold.api.ApiException;
import gridfold.api.FormsApi;
import gridfold.api.RecordsApi;
import gridfold.api.SessionsApi;
import gridfold.api.auth.HttpBearerAuth;
import gridfold.api.model.Edit;
import gridfold.api.model.EditResult;
import gridfold.api.model.FieldValue;
import gridfold.api.model.Form;
import gridfold.api.model.GroupItem;
import gridfold.api.model.ListItem;
import gridfold.api.model.NewRecord;
import gridfold.api.model.Operation;
import gridfold.api.model.Place;
import gridfold.api.model.ProblemBody;
import gridfold.api.model.RecordBody;
import gridfold.api.model.RecordPage;
import gridfold.api.model.SignIn;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The first calls of docs/API.md with the client that openapi-generator makes, and a token as others verify it. */
class FirstCallsTest {
  private static final String BASE = System.getenv("BASE");
  private static final String ISSUER = System.getenv("ISSUER");
  private static final ApiClient client = new ApiClient().setBasePath(BASE);
  private static String token;

  @BeforeAll
  static void signIn() throws ApiException {
    SignIn given = new SignIn().login("admin").password(System.getenv("PASSWORD"));
    token = new SessionsApi(client).signIn(given).getAccessToken();
    ((HttpBearerAuth) client.getAuthentication("bearer")).setBearerToken(token);
  }

  private static FieldValue value(Object value) {
    return new FieldValue(value);
  }

  @Test
  void aVisitIsMadeListedAndRead() throws ApiException {
    RecordsApi records = new RecordsApi(client);
    Place place = new Place().lat(39.12).lon(117.2);
    Map<String, FieldValue> fields = new HashMap<>();
    fields.put("visited_at", value("2026-06-13T01:50:34Z"));
    fields.put("purpose", value("care"));
    fields.put("minutes", value(25.0));
    fields.put("needs", value(List.of(new ListItem("meals"), new ListItem("repair"))));
    fields.put("safety_checked", value(true));
    fields.put("temperature", value("19.5"));
    fields.put("location", value(place));
    fields.put("notes", value("从 Java 写入"));
    NewRecord visit = new NewRecord().grid("s-1").form("visit").fields(fields);
    EditResult made = records.createRecord(visit, "first-calls.java");
    assertNotNull(made.getRecord());
    String id = made.getRecord().getRecordId();

    RecordPage page = records.listRecords().form("visit").id(id).fields("purpose,location").execute();
    Map<String, FieldValue> row = page.getRecords().get(0).getFields();
    assertEquals("care", row.get("purpose").getString());
    assertEquals(place, row.get("location").getPlace());

    RecordBody read = records.readRecord(id);
    assertEquals(25.0, read.getFields().get("minutes").getDouble());
    assertEquals(true, read.getFields().get("safety_checked").getBoolean());
    Set<String> needs =
        read.getFields().get("needs").getListListItem().stream()
            .map(ListItem::getString)
            .collect(Collectors.toSet());
    assertEquals(Set.of("meals", "repair"), needs);

    Edit nothing = new Edit().addOperationsItem(new Operation().op("unset").field("minutes"));
    String tag = "\"" + read.getHeads() + "\"";
    RecordBody changed = records.editRecord(id, nothing, tag, null).getRecord();
    assertNotNull(changed);
    FieldValue minutes = changed.getFields().get("minutes");
    assertEquals(null, minutes == null ? null : minutes.getActualInstance());
  }

  @Test
  void itemsOfAGroupAreTyped() throws ApiException {
    List<Form> forms = new FormsApi(client).listForms().getForms();
    Form household =
        forms.stream().filter(f -> "household".equals(f.getMeans())).findFirst().orElseThrow();
    String group =
        household.getFields().stream()
            .filter(f -> f.getType().equals("group"))
            .findFirst()
            .orElseThrow()
            .getKey();
    GroupItem person = new GroupItem().key("first");
    person.putAdditionalProperty("name", "王伟");
    Map<String, FieldValue> fields = new HashMap<>();
    fields.put("address", value("和平路 1 号"));
    fields.put(group, value(List.of(new ListItem(person))));
    NewRecord home = new NewRecord().grid("s-1").form("household").fields(fields);
    RecordBody made = new RecordsApi(client).createRecord(home, null).getRecord();
    assertNotNull(made);
    GroupItem item = made.getFields().get(group).getListListItem().get(0).getGroupItem();
    assertEquals("王伟", item.getAdditionalProperty("name"));
  }

  @Test
  void whatIsNotThereIsAProblemWithACode() throws Exception {
    RecordsApi records = new RecordsApi(client);
    String id = "01900000-0000-7000-8000-000000000000";
    ApiException refused = assertThrows(ApiException.class, () -> records.readRecord(id));
    assertEquals(404, refused.getCode());
    assertEquals("not_found", ProblemBody.fromJson(refused.getResponseBody()).getCode());
  }

  /** What Nimbus says of a token: it makes no verifier of an Ed25519 key of a set by itself, so the key is found here. */
  private static JWTClaimsSet verify(String token, String audience) throws Exception {
    SignedJWT signed = SignedJWT.parse(token);
    JWSHeader header = signed.getHeader();
    new DefaultJOSEObjectTypeVerifier<SecurityContext>(new JOSEObjectType("at+jwt"))
        .verify(header.getType(), null);
    if (!JWSAlgorithm.EdDSA.equals(header.getAlgorithm())) {
      throw new BadJOSEException("another algorithm");
    }
    JWKSet keys = JWKSet.load(URI.create(BASE + "/.well-known/jwks.json").toURL());
    JWK key = keys.getKeyByKeyId(header.getKeyID());
    if (key == null) {
      throw new BadJOSEException("a key that is not in use");
    }
    JWSVerifier verifier = new Ed25519Verifier(key.toOctetKeyPair().toPublicJWK());
    if (!signed.verify(verifier)) {
      throw new JOSEException("the signature is not valid");
    }
    JWTClaimsSet expected = new JWTClaimsSet.Builder().issuer(ISSUER).build();
    Set<String> required = Set.of("sub", "exp", "iat", "jti", "client_id");
    DefaultJWTClaimsVerifier<SecurityContext> rules =
        new DefaultJWTClaimsVerifier<>(audience, expected, required);
    rules.setMaxClockSkew(30);
    rules.verify(signed.getJWTClaimsSet(), null);
    return signed.getJWTClaimsSet();
  }

  @Test
  void nimbusVerifiesATokenAndRefusesAChangedOne() throws Exception {
    JWTClaimsSet claims = verify(token, "gridfold");
    assertEquals(claims.getClaim("device_id"), claims.getClaim("client_id"));
    String[] parts = token.split("\\.");
    JWTClaimsSet other =
        new JWTClaimsSet.Builder(claims).subject(UUID.randomUUID().toString()).build();
    parts[1] = other.toPayload().toBase64URL().toString();
    assertThrows(JOSEException.class, () -> verify(String.join(".", parts), "gridfold"));
    assertThrows(BadJWTException.class, () -> verify(token, "another"));
  }
}
