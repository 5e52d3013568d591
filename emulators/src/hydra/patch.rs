//! JSON Patch as the server takes it: `add`, `remove` and `replace` only, and more tolerant than RFC 6902.

use json_patch::jsonptr::{Pointer, PointerBuf};
use json_patch::{AddOperation, Patch, PatchOperation};
use serde_json::{Map, Value, json};

use super::choices::PatchRemove;
use super::fields::{self, Kind};
use super::state::Client;
use super::switches::Switches;

/// What no patch may touch.
const DENIED: &str = "/id";
/// What a patch finds in the place of the secret, of which there is only a hash.
const HASH: &str = "$pbkdf2-sha256$i=25000,l=32$";

/// What a client is to be, as a request that sets it would say; `None` when the patch cannot be applied.
pub fn patched(switches: &Switches, client: &Client, patch: &[u8]) -> Option<Value> {
    let whole = whole(switches, client);
    let mut document = Value::Object(whole.clone());
    let Patch(operations) = serde_json::from_slice(patch).ok()?;
    operations
        .into_iter()
        .try_for_each(|operation| apply(&mut document, operation))?;
    let Value::Object(mut document) = document else {
        return None;
    };
    for (name, before) in whole {
        let kept = client.document.contains_key(&name) || name == "client_id";
        let now = match switches.patch_remove {
            PatchRemove::Kept => document.entry(&name).or_insert_with(|| before.clone()),
            PatchRemove::Unset => match document.get_mut(&name) {
                Some(now) => now,
                None => continue,
            },
        };
        // What nobody set, and the hash, are not taken for a wish.
        if !kept && *now == before {
            document.remove(&name);
        }
    }
    Some(Value::Object(document))
}

/// A client with all its fields, those too that are unset, as a patch finds it.
fn whole(switches: &Switches, client: &Client) -> Map<String, Value> {
    let unset = |kind| match kind {
        Kind::Text => json!(""),
        Kind::Flag => json!(false),
        Kind::List => json!([]),
        Kind::Keys | Kind::Free => json!({}),
        Kind::NullableFlag | Kind::Lifespan => Value::Null,
    };
    let mut document: Map<String, Value> = fields::of(switches.release)
        .filter(|field| field.always)
        .map(|field| (field.name.to_owned(), unset(field.kind)))
        .collect();
    document.extend(client.document.clone());
    document.insert("client_id".to_owned(), json!(client.client_id));
    document.insert("client_secret".to_owned(), json!(HASH));
    document
}

fn apply(document: &mut Value, operation: PatchOperation) -> Option<()> {
    if operation.path().as_str() == DENIED {
        return None;
    }
    let operation = match operation {
        // What is not there is added, but for the items of lists.
        PatchOperation::Replace(replace) if !is_item(&replace.path) => PatchOperation::Add(AddOperation {
            path: replace.path,
            value: replace.value,
        }),
        PatchOperation::Add(_) | PatchOperation::Remove(_) | PatchOperation::Replace(_) => operation,
        PatchOperation::Move(_) | PatchOperation::Copy(_) | PatchOperation::Test(_) => return None,
    };
    if let PatchOperation::Add(add) = &operation {
        make_way(document, &add.path)?;
    }
    json_patch::patch(document, &[operation]).ok()
}

fn is_item(path: &Pointer) -> bool {
    let last = path.last().map(|token| token.decoded().into_owned());
    last.is_some_and(|last| last == "-" || last.parse::<u64>().is_ok())
}

/// Makes objects of what is missing above a path.
fn make_way(document: &mut Value, path: &Pointer) -> Option<()> {
    let mut above = PointerBuf::new();
    for token in path.tokens().take(path.count().saturating_sub(1)) {
        above.push_back(token);
        if document.pointer(above.as_str()).is_none_or(Value::is_null) {
            let (path, value) = (above.clone(), json!({}));
            json_patch::patch(document, &[PatchOperation::Add(AddOperation { path, value })]).ok()?;
        }
    }
    Some(())
}
