//! The calls as Rust: from a name and bytes to the client's method, and its answer as bytes.

use crate::api::{Api, Call, camel};

const HEAD: &str = "\
// Written by client-ffi/bindgen from the library's metadata; not to be changed by hand.

use gridfold_client::ffi::{self, Client};

use crate::bytes::{Answer, Arguments, Malformed, answer, done, failing_answer};

/// Makes one call.
pub(crate) async fn call(client: &Client, name: &str, bytes: &[u8]) -> Result<Answer, Malformed> {
    let mut a = Arguments::of(bytes);
    Ok(match name {
";

const TAIL: &str = "        _ => return Err(Malformed),
    })
}
";

pub(crate) fn dispatch(api: &Api) -> String {
    let mut out = HEAD.to_owned();
    for call in &api.calls {
        out.push_str(&arm(call));
    }
    out.push_str(TAIL);
    out
}

fn arm(call: &Call) -> String {
    let takes = vec!["a.next()?"; call.arguments.len()].join(", ");
    let of = if call.of_client { "client." } else { "ffi::" };
    let wait = if call.awaits { ".await" } else { "" };
    let made = format!("{of}{}({takes}){wait}", call.name);
    let answer = match (call.gives.is_some(), call.throws) {
        (true, true) => format!("failing_answer({made})"),
        (true, false) => format!("answer({made})"),
        (false, true) => format!("done({made})"),
        (false, false) => format!("{{\n            {made};\n            done(Ok(()))\n        }}"),
    };
    let end = if answer.ends_with('}') { "" } else { "," };
    format!("        \"{}\" => {answer}{end}\n", camel(&call.name))
}
