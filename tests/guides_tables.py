"""What `tests/guides` is told of the documents: words for their placeholders, what stays running, what
is not run and why. A row that no document has any more fails the test."""

GRID = "120101001001001"
PASSWORD = "lantern orchard 47 velvet"

# Languages that a block may name; those of PROGRAMS must be run, or stand in CODE_ELSEWHERE.
PROGRAMS = {"python", "ts", "kotlin", "swift"}
LANGUAGES = PROGRAMS | {"", "sh", "text", "json", "toml", "ini", "xml"}

# Played one after the other: both build the package for Python in one place.
PYTHON = ("docs/guide-python.md", "docs/sample-phone.md")

# What lies in the folder that a document is played in.
FILES = {
    "areas.csv": f"""code,parent,name,level
120101,,和平区,district
120101001,120101,劝业场街道,street
120101001001,120101001,花园社区,community
{GRID},120101001001,第一网格,grid
""",
    "calendar.csv": "date,kind\n2026-12-24,closed\n",
    "catalogue.csv": "code,label_zh,label_en,department\nlamp-out,路灯不亮,Street lamp out,lighting\n",
    "catalogue.json": '[{"code": "lamp-out", "label": {"zh": "路灯不亮", "en": "Street lamp out"}, "department": "lighting"}]\n',
    "matters.csv": """unique_key,created_date,closed_date,complaint_type,borough,incident_zip,latitude,longitude
1,2026-01-05T09:30:00.000,,Street Light Condition,BRONX,10463,40.88,-73.9
""",
    "passphrase": "a passphrase of some length\n",
    "password": PASSWORD + "\n",
}

WORDS = {
    "README.md": {"DIR": "data"},
    "README.zh-CN.md": {"DIR": "data"},
    "docs/guide-python.md": {"GRID": GRID},
    "docs/guide-kotlin.md": {"GRID": GRID},
    "docs/API.md": {"…": PASSWORD},
    "docs/OPERATING.md": {"DIR": "var", "NEWDIR": "new", "FILE": "backup.gfb", "P": "passphrase", "/srv/standby": "standby"},
    "client-ffi/bindings/python/samples/phone/README.md": {"DIR": "phone", "COMMAND": "status", "python": "$LIBRARY_VENV/bin/python"},
}

# What goes on until Ctrl-C: what it says when it is ready, and the command before which it is stopped.
AT_ONCE, AT_THE_END = "at once", "at the end"
LISTENING = r"listening on http"
RUN = "cargo run --release --bin"
DEV = "npm run dev"
STAYS = {
    f"{RUN} gridfold -- --data DIR serve": (LISTENING, AT_THE_END),
    f"{RUN} gridfold -- --data gf serve": (LISTENING, AT_THE_END),
    f"{RUN} gridfold -- --data target/demo/server serve": (LISTENING, AT_THE_END),
    f"{RUN} demo -- --dir target/demo": ("Stop with Ctrl-C", "one edit $MATTER --set place=三号楼东侧"),
    "gridfold --data /var/lib/gridfold serve --listen 127.0.0.1:8420": (LISTENING, AT_ONCE),
    "gridfold --data office serve": (LISTENING, AT_THE_END),
    "gridfold serve": (LISTENING, AT_THE_END),
    "one auto --interval 10": (".", AT_ONCE),
    DEV: (r"http://localhost:\d+", AT_THE_END),
}

# What a document takes for granted, before its first command.
FOUNDED = "gridfold init --admin-password-file password && gridfold import areas areas.csv && gridfold user add 王芳"
BEFORE = {
    "docs/guide-python.md": ["python3 -m venv ../venv", 'ln -s "$LIBRARY_VENV" target/python-venv'],
    "docs/guide-web.md": [f"{FOUNDED} && gridfold grant add 王芳 worker --area {GRID} && gridfold device invite 王芳", "gridfold serve"],
    "docs/API.md": [FOUNDED, "gridfold serve"],
    # A form of one question and one that is reckoned, as sheets and as an XForm, with a walk of each shape.
    "docs/forms.md": [
        r"printf 'survey,,,,\n,type,name,label,calculation\n,integer,a,A,\n,calculate,b,,${a} + 1\n' >form.csv",
        """printf '{"scripts":[{"name":"one","engines":["javarosa"],"steps":[{"do":"set","path":"/data/a","value":"1","result":"ok"},{"do":"snap","nodes":{"/data/b":{"value":"2"}}}]}]}' >walk.json""",
        """printf '<html><head><model><instance><data><a/><b/></data></instance><bind nodeset="/data/a" type="int"/><bind nodeset="/data/b" calculate="/data/a + 1"/></model></head><body><input ref="/data/a"/></body></html>' >form.xml""",
        r"""mkdir folder && printf 'set\t/data/a\t1\nsnap\tend\n' >folder/acts.tsv && printf '{"steps":[{"do":"set","result":"ok"},{"do":"snap","result":"ok","nodes":{"/data/b":{"value":"2","relevant":true}}}]}' >folder/jr.json""",
    ],
}

# Said by a command whose exit code says too little, and exit codes that are meant.
ENDS = {
    'curl -s "$BASE/v1/records?form=matter&text=路灯&sort=-changed&limit=20" -H "authorization: Bearer $TOKEN"': (0, '"records"'),
    'one sync || echo "exit code $?"': (0, "exit code 3"),
    # The end of input is Ctrl-D: the draft is kept.
    "one visit": (130, "draft"),
    "one show $VISIT": (0, "at the server"),
    "client-ffi/bindings/kotlin/android/build-native": (2, "is ANDROID_NDK_HOME an NDK"),
    "python client-ffi/bindings/python/samples/phone --dir DIR COMMAND": (4, ""),
}

# What a usage line stands for.
BUNDLE = f"""(
  set -e
  phone() {{ "$LIBRARY_VENV/bin/python" client-ffi/bindings/python/samples/phone --dir carried "$@"; }}
  gridfold user add 王芳 && gridfold grant add 王芳 worker --area {GRID}
  code=$(gridfold device invite 王芳 --no-qr | sed -n 's/^code (shown once): //p')
  gridfold serve >serving & server=$!
  trap 'kill $server 2>/dev/null || :' EXIT
  until grep -q listening serving; do sleep 0.1; done
  phone enrol "$code" --server http://127.0.0.1:8420
  kill $server && wait $server
  phone visit --set purpose=care && phone carry export --out bundle
)"""
# Most of the log is lost, which heal must find damaged alone and whole with a copy.
SPOILT = """python3 -c 'import sys
file = open(sys.argv[1], "r+b")
size = file.seek(0, 2)
file.seek(size // 2)
file.write(bytes(size * 49 // 100))' DIR/log/segments/00000001.segment && ! gridfold --data DIR heal"""
INSTEAD = {
    "gridfold import areas FILE [--dry-run] [--json]": [
        "gridfold import areas areas.csv --dry-run --json", "gridfold import areas areas.csv"
    ],
    "gridfold import catalogue FILE.csv|FILE.json [--dry-run] [--json]": [
        "gridfold import catalogue catalogue.csv --dry-run --json", "gridfold import catalogue catalogue.json"
    ],
    "gridfold import calendar FILE [--dry-run] [--json]": [
        "gridfold import calendar calendar.csv --dry-run --json", "gridfold import calendar calendar.csv"
    ],
    "gridfold import matters FILE [--dry-run] [--json] [--time-zone America/New_York] [--as USER]": [
        "gridfold import matters matters.csv --dry-run --json", "gridfold import matters matters.csv --time-zone America/New_York --as admin"
    ],
    "gridfold import bundle FILE [--receipt FILE] [--json]": [
        BUNDLE, "gridfold import bundle bundle --receipt receipt --json"
    ],
    "gridfold import list [--json]": ["gridfold import list", "gridfold import list --json >imported"],
    "gridfold import undo ID [--dry-run] [--json] [--as USER]": [
        "ID=$(jq -r '.[0].import_id' imported)",
        "gridfold import undo \"$ID\" --dry-run --json",
        "gridfold import undo \"$ID\" --as admin",
    ],
    "gridfold --data DIR heal --from FILE --passphrase-file P": [
        SPOILT, "gridfold --data DIR heal --from FILE --passphrase-file P"
    ],
    "gridfold --data DIR heal --from /srv/standby --from b2": [
        "cp -r new standby && cp -r new b2", SPOILT, "gridfold --data DIR heal --from /srv/standby --from b2"
    ],
}

# Played in the long run; in the short one what stands here instead.
WHEEL = "pip wheel --no-deps --wheel-dir target/wheels ./client-ffi/bindings/python"
SITE = "-c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))'"
IF_SHORT = {
    # An optimised build of the library, of minutes; the library of the Python test takes its place.
    WHEEL: [f'"$LIBRARY_VENV/bin/python" {SITE} >"$(python {SITE})/library.pth"'],
    "pip install target/wheels/gridfold-*.whl": [],
}

# Not run here: why, or the step of tests/run that runs it and the words by which it does.
ELSEWHERE = {
    # Its third part is the demo, of which the step "the demo" plays a story to its end.
    f"server/dashboard/build && server/worker/build && {RUN} demo": ("the worker's app", "server/worker/build"),
    "tests/run": "it is what runs this",
    "server/dashboard/build": ("the dashboard's web app", "server/dashboard/build"),
    "server/dashboard/build --required": ("the dashboard's web app", "server/dashboard/build --required\n"),
    "server/dashboard/test": ("the dashboard in a browser", "server/dashboard/test\n"),
    "client-ffi/bindings/python/test": ("the Python binding", "client-ffi/bindings/python/test\n"),
    "client-ffi/bindings/kotlin/test": ("the Kotlin binding", "client-ffi/bindings/kotlin/test\n"),
    "(cd client-ffi/bindings/kotlin && ./native --release && mvn -q -B install -DskipTests)":
        "builds an optimised library for minutes and writes into the home directory; the test above it runs both, with `verify`",
    "client-ffi/bindings/reference": "Dokka takes minutes and brings 100 MB; the half for Python is run",
    "client-ffi/bindings/swift/build-xcframework GridfoldPackage": "needs a Mac",
    "sudo client-ffi/bindings/swift/test-on-linux": "makes a system of 3.5 GB, as root",
    "findings/rewritten-texts.sh": "is of other projects' packages, from the registries",
    'for each in findings/*.sh; do "$each" || break; done': "is of other projects' packages, from the registries",
}
CODE_ELSEWHERE = {
    ("docs/guide-swift.md", "swift"): "no Swift here; the guide says what was run where",
    ("client-ffi/bindings/web/README.md", "ts"): "type-checked with the guide's app",
}

# What stands around the README of the web package.
README_TS = "declare const codeOrQrText: string;\ndeclare function show(page: unknown): void;\n"

# In what a block of the Kotlin guide stands, by its first line.
KOTLIN = {
    'phone.records(RecordQuery(form = "visit")).collect { page -> show(page.items) }': """import gridfold.*

@Suppress("UNUSED_VARIABLE")
suspend fun observing(phone: Client, visit: String, show: (Any?) -> Unit) {
BLOCK}
""",
    "HttpTransport(connect = network::openConnection)             // an android.net.Network, for example a VPN": """import gridfold.*
import java.net.URL
import java.net.URLConnection
import javax.net.ssl.HttpsURLConnection
import javax.net.ssl.SSLSocketFactory

interface Network { fun openConnection(url: URL): URLConnection }

fun transports(network: Network, pinned: SSLSocketFactory) {
BLOCK}
""",
}
KOTLIN_ELSEWHERE = {
    'include(":gridfold")': "settings of an Android project",
    'openedClient(File(noBackupFilesDir, "gridfold").path, AndroidKeyStore())': "needs Android",
}
# Jars and the property of the pom that has their version.
KOTLIN_COMPILER = (
    ("kotlin-compiler-embeddable", "kotlin"), ("kotlin-stdlib", "kotlin"), ("kotlin-script-runtime", "kotlin"),
    ("kotlin-reflect", ""), ("kotlinx-coroutines-core-jvm", ""), ("annotations", ""),
)
KOTLIN_RUNTIME = (("kotlin-stdlib", "kotlin"), ("kotlinx-coroutines-core-jvm", "coroutines"), ("jna", "jna"))
