//! What keeps a file from being read as a table, in words for whoever has the file.

/// Why a file cannot be read as a table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Reading failed.
    #[error("cannot read the file: {0}")]
    Io(#[from] std::io::Error),
    /// No encoding that is known, or not one only.
    #[error(
        "the file is neither UTF-8 nor all of it in one encoding that is known (UTF-16, GB18030), so none of it was read: in the spreadsheet, save it as “CSV UTF-8” or as a workbook (.xlsx)"
    )]
    NotOneEncoding,
    /// A workbook of before 2007.
    #[error("the file is a workbook of an old kind (.xls): save it as .xlsx or as “CSV UTF-8”")]
    OldWorkbook,
    /// A workbook that does not open.
    #[error("the workbook cannot be read: {0}")]
    Workbook(String),
    /// No header.
    #[error("the file is empty: its first line must name the columns")]
    Empty,
    /// A column is not there.
    #[error("the file has no column {missing}; its columns are: {found}")]
    MissingColumn {
        /// The column looked for.
        missing: &'static str,
        /// Those there are.
        found: String,
    },
    /// A column is there twice.
    #[error("the file has the column {0} twice")]
    TwiceTheColumn(String),
    /// A row does not end.
    #[error("the row that starts on line {0} does not end: a quote in it is probably not closed")]
    RowTooLong(u64),
}
