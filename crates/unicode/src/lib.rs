//! Unicode 16.0.0 tables: classification, case, normalisation, names.
