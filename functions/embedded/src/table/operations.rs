//! The operations offered, and which access to the store each needs.

use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};

use super::{Store, Table, creating, faults};
use crate::{durability::Access, http::Answer};

type DynoxideResult<R> = Result<R, DynoxideError>;

/// Does what a request asks for.
pub(super) async fn dispatch(table: &Table, operation: &str, body: &[u8]) -> Answer {
    use Access::{Read, Write};
    macro_rules! call {
        ($access:ident, $method:ident) => {
            run(table, operation, body, $access, |store, request| Database::$method(&store.database, request)).await
        };
    }
    match operation {
        "GetItem" => call!(Read, get_item),
        "BatchGetItem" => call!(Read, batch_get_item),
        "Query" => call!(Read, query),
        "Scan" => call!(Read, scan),
        "DescribeTable" => call!(Read, describe_table),
        "DescribeTimeToLive" => call!(Read, describe_time_to_live),
        "ListTables" => call!(Read, list_tables),
        "PutItem" => call!(Write, put_item),
        "UpdateItem" => call!(Write, update_item),
        "DeleteItem" => call!(Write, delete_item),
        "BatchWriteItem" => call!(Write, batch_write_item),
        "TransactWriteItems" => call!(Write, transact_write_items),
        // dynoxide reads one item after another. So that the reads are a transaction, nothing may write meanwhile.
        "TransactGetItems" => call!(Write, transact_get_items),
        "UpdateTimeToLive" => call!(Write, update_time_to_live),
        "CreateTable" => run(table, operation, body, Write, create_table).await,
        // Not offered in a file: another process would go on with the table that it has cached.
        "DeleteTable" if table.file.is_none() => call!(Write, delete_table),
        _ => faults::not_offered(operation),
    }
}

async fn run<Q, R>(
    table: &Table,
    operation: &str,
    body: &[u8],
    access: Access,
    work: impl FnOnce(&mut Store, Q) -> DynoxideResult<R> + Send + 'static,
) -> Answer
where
    Q: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
{
    let request = match serde_json::from_slice(body) {
        Ok(request) => request,
        Err(cause) => return faults::unreadable(operation, &cause),
    };
    match table.lane.run(access, move |store| work(store, request)).await {
        Ok(Ok(response)) => match serde_json::to_vec(&response) {
            Ok(body) => Answer::ok(body),
            Err(cause) => faults::internal(&cause.to_string()),
        },
        Ok(Err(fault)) => table.refuse(&fault),
        Err(cause) => faults::unavailable(&cause),
    }
}

fn create_table(
    store: &mut Store,
    request: dynoxide::actions::create_table::CreateTableRequest,
) -> DynoxideResult<dynoxide::actions::create_table::CreateTableResponse> {
    let Some(beside) = &store.beside else {
        return store.database.create_table(request);
    };
    let name = request.table_name.clone();
    if creating::is_known(beside, &name)? {
        return store.database.create_table(request);
    }
    creating::begin(beside, &name)?;
    let outcome = store.database.create_table(request);
    match &outcome {
        Ok(_) => creating::end(beside, &name)?,
        Err(_) => creating::repair(beside)?,
    }
    outcome
}
