//! What the fuzz targets do with the files of a store.

use super::{
    HEADER,
    header::Header,
    read::place_rows,
    record::{Kind, Record},
    row::RowView,
};
use std::path::Path;
use superposed_identity::WordId;

/// Reads `store.json`, and the same bytes as the records of `rows.bin`.
pub(crate) fn header(data: &[u8]) {
    let _ = Header::parse(Path::new(HEADER), data);
    let records = data.as_chunks().0;
    let _ = place_rows(records.len() as u32, data.len() as u64, records);
}

/// Reads a row after three u32: its columns, how many of its cells are not 0, and its kind.
pub(crate) fn row(data: &[u8]) {
    let Some((numbers, bytes)) = data.split_first_chunk::<12>() else { return };
    let [columns, nonzero, kind] = *numbers.as_chunks().0 else { unreachable!("it has three times four bytes") };
    let kind = if u32::from_le_bytes(kind) == 0 { Kind::Dense } else { Kind::Sparse };
    let (columns, nonzero) = (u32::from_le_bytes(columns), u32::from_le_bytes(nonzero));
    let record = Record { columns, nonzero, kind, ..Record::empty() };
    let Some(view) = RowView::of(&record, bytes).filter(|view| view.is_sound(&record)) else { return };
    let cells = (0..columns).filter(|column| view.cell(WordId(*column)) != 0).count();
    assert_eq!(cells, nonzero as usize);
    assert_eq!([columns, columns + 64, u32::MAX].map(|column| view.cell(WordId(column))), [0; 3]);
}
