//! Background jobs on AWS Lambda with exact progress: the domain, the ledger and its adapters.
