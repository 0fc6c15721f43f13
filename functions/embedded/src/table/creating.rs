//! Two safety checks that dynoxide lacks: it creates a table in several commits, which a crash may interrupt, and it
//! reads an item that is no longer valid JSON as absent.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::OpenError;

/// Records that a table is being created, so that a half-created one is found after a crash.
pub(super) fn begin(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    connection.execute_batch("CREATE TABLE IF NOT EXISTS _creating (name TEXT PRIMARY KEY)")?;
    connection.execute("INSERT OR IGNORE INTO _creating VALUES (?1)", [table])?;
    Ok(())
}

/// Records that the table has been created, or refused.
pub(super) fn end(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM _creating WHERE name = ?1", [table])?;
    Ok(())
}

/// Removes tables that a crash left half-created. No caller was told that they exist.
pub(super) fn repair(connection: &Connection) -> rusqlite::Result<()> {
    if !exists(connection, "_creating")? {
        return Ok(());
    }
    for table in names(connection, "SELECT name FROM _creating", &[])? {
        let parts = names(
            connection,
            "SELECT name FROM sqlite_master WHERE type = 'table' AND (name = ?1 OR substr(name, 1, length(?1) + 2) = ?1 || '::')",
            &[&table],
        )?;
        for part in parts {
            connection.execute_batch(&format!("DROP TABLE {}", quoted(&part)))?;
        }
        if exists(connection, "_tables")? {
            connection.execute("DELETE FROM _tables WHERE table_name = ?1", [&table])?;
        }
        end(connection, &table)?;
    }
    Ok(())
}

/// True if a table is recorded as completely created.
pub(super) fn is_known(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    if !exists(connection, "_tables")? {
        return Ok(false);
    }
    connection.query_row("SELECT 1 FROM _tables WHERE table_name = ?1", [table], |_| Ok(())).optional().map(|found| found.is_some())
}

/// Looks for items that are not valid JSON.
pub(super) fn check_items(file: &Path, connection: &Connection) -> Result<(), OpenError> {
    let failed = |cause| OpenError::from_sqlite(file, cause);
    if !exists(connection, "_tables").map_err(failed)? {
        return Ok(());
    }
    for table in names(connection, "SELECT table_name FROM _tables", &[]).map_err(failed)? {
        let unreadable = connection
            .query_row(&format!("SELECT 1 FROM {} WHERE NOT json_valid(item_json) LIMIT 1", quoted(&table)), params![], |_| Ok(()))
            .optional()
            .map_err(failed)?;
        if unreadable.is_some() {
            return Err(OpenError::damaged(file, "an item is not JSON"));
        }
    }
    Ok(())
}

fn exists(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    connection
        .query_row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1", [table], |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}

fn names(connection: &Connection, sql: &str, values: &[&str]) -> rusqlite::Result<Vec<String>> {
    connection.prepare(sql)?.query_map(rusqlite::params_from_iter(values), |row| row.get(0))?.collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use dynoxide::Database;
    use serde_json::json;

    use super::*;

    fn make(database: &Database, name: &str) {
        let key = |index: &str| json!([{ "AttributeName": index, "KeyType": "HASH" }]);
        let request = json!({
            "TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": key("pk"),
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" }, { "AttributeName": "owner", "AttributeType": "S" },
            ],
            "GlobalSecondaryIndexes": [
                { "IndexName": "owners", "KeySchema": key("owner"), "Projection": { "ProjectionType": "ALL" } },
            ],
        });
        database.create_table(serde_json::from_value(request).unwrap()).unwrap();
    }

    #[test]
    fn half_a_table_is_removed_and_its_neighbour_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("table.db");
        let database = Database::new(file.to_str().unwrap()).unwrap();
        let connection = Connection::open(&file).unwrap();
        make(&database, "jobs2");
        begin(&connection, "jobs").unwrap();
        make(&database, "jobs");
        connection.execute_batch("DROP TABLE \"jobs::gsi::owners\"").unwrap();
        drop(database);
        repair(&connection).unwrap();
        assert!(!is_known(&connection, "jobs").unwrap() && is_known(&connection, "jobs2").unwrap());
        make(&Database::new(file.to_str().unwrap()).unwrap(), "jobs");
        repair(&connection).unwrap();
        assert!(is_known(&connection, "jobs").unwrap(), "noted only once");
    }

    #[test]
    fn an_item_that_is_not_json_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("table.db");
        let database = Database::new(file.to_str().unwrap()).unwrap();
        make(&database, "jobs");
        let put = json!({ "TableName": "jobs", "Item": { "pk": { "S": "a" } } });
        database.put_item(serde_json::from_value(put).unwrap()).unwrap();
        let connection = Connection::open(&file).unwrap();
        check_items(&file, &connection).unwrap();
        connection.execute("UPDATE jobs SET item_json = '{' || item_json", []).unwrap();
        assert!(matches!(check_items(&file, &connection), Err(OpenError::Damaged { .. })));
    }
}
