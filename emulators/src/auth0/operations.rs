//! The operations that the journal counts.

use crate::Operation;

const fn read(name: &'static str) -> Operation {
    Operation {
        name,
        mutating: false,
    }
}
const fn mutation(name: &'static str) -> Operation {
    Operation { name, mutating: true }
}

/// GET `/clients`.
pub const LIST: Operation = read("list");
/// GET `/clients/<client_id>`.
pub const GET: Operation = read("get");
/// POST `/clients`.
pub const REGISTER: Operation = mutation("register");
/// PATCH `/clients/<client_id>`.
pub const UPDATE: Operation = mutation("update");
/// DELETE `/clients/<client_id>`.
pub const DELETE: Operation = mutation("delete");
/// POST `/clients/<client_id>/rotate-secret`.
pub const ROTATE: Operation = mutation("rotate");
/// GET `/clients/<client_id>/credentials`.
pub const LIST_CREDENTIALS: Operation = read("list_credentials");
/// GET `/clients/<client_id>/credentials/<id>`.
pub const GET_CREDENTIAL: Operation = read("get_credential");
/// POST `/clients/<client_id>/credentials`.
pub const CREATE_CREDENTIAL: Operation = mutation("create_credential");
/// PATCH `/clients/<client_id>/credentials/<id>`.
pub const UPDATE_CREDENTIAL: Operation = mutation("update_credential");
/// DELETE `/clients/<client_id>/credentials/<id>`.
pub const DELETE_CREDENTIAL: Operation = mutation("delete_credential");
/// GET `/client-grants`.
pub const LIST_GRANTS: Operation = read("list_grants");
/// GET `/client-grants/<id>`.
pub const GET_GRANT: Operation = read("get_grant");
/// POST `/client-grants`.
pub const CREATE_GRANT: Operation = mutation("create_grant");
/// PATCH `/client-grants/<id>`.
pub const UPDATE_GRANT: Operation = mutation("update_grant");
/// DELETE `/client-grants/<id>`.
pub const DELETE_GRANT: Operation = mutation("delete_grant");
/// GET `/resource-servers`.
pub const LIST_APIS: Operation = read("list_apis");
/// GET `/resource-servers/<id or identifier>`.
pub const GET_API: Operation = read("get_api");
/// POST `/resource-servers`.
pub const CREATE_API: Operation = mutation("create_api");
/// PATCH `/resource-servers/<id or identifier>`.
pub const UPDATE_API: Operation = mutation("update_api");
/// DELETE `/resource-servers/<id or identifier>`.
pub const DELETE_API: Operation = mutation("delete_api");
/// POST `/oauth/token` for the Management API.
pub const LOGIN: Operation = read("login");
/// POST `/oauth/token` for anything else.
pub const TOKEN: Operation = read("token");
/// Whatever else came: unknown paths and methods.
pub const OTHER: Operation = read("other");
/// All of them.
pub const ALL: &[Operation] = &[
    LIST,
    GET,
    REGISTER,
    UPDATE,
    DELETE,
    ROTATE,
    LIST_CREDENTIALS,
    GET_CREDENTIAL,
    CREATE_CREDENTIAL,
    UPDATE_CREDENTIAL,
    DELETE_CREDENTIAL,
    LIST_GRANTS,
    GET_GRANT,
    CREATE_GRANT,
    UPDATE_GRANT,
    DELETE_GRANT,
    LIST_APIS,
    GET_API,
    CREATE_API,
    UPDATE_API,
    DELETE_API,
    LOGIN,
    TOKEN,
    OTHER,
];
