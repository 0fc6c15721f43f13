//! What stands in for AWS in one process: table, queue, event source mapping, schedule.
