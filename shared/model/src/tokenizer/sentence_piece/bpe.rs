//! SentencePiece's BPE on one word.

use super::proto::{ModelProto, PieceType};
use std::{collections::HashMap, ops::Range};

/// The pieces that can be joined, and what stands for the rest.
pub(super) struct Bpe {
    /// Pieces that joining can make.
    pieces: HashMap<String, Piece>,
    /// Pieces that are found before anything is joined and then stay as they are, longest first.
    user_defined: Vec<(String, u32)>,
    /// The ids of the 256 bytes, when the model falls back to them.
    bytes: Option<Box<[u32; 256]>>,
    unknown: Option<u32>,
}

#[derive(Clone, Copy)]
struct Piece {
    id: u32,
    score: f32,
    /// Made while joining, but taken apart again at the end.
    unused: bool,
}

/// A stretch of the text that is one piece, or one character no piece covers.
struct Symbol {
    range: Range<usize>,
    /// A user-defined piece: never joined.
    frozen: Option<u32>,
    /// The two halves it was joined from, needed to take an unused piece apart.
    halves: Option<Box<(Symbol, Symbol)>>,
}

impl Bpe {
    pub(super) fn new(model: &ModelProto, unknown: Option<u32>, byte_fallback: bool) -> Self {
        let mut pieces = HashMap::new();
        let mut user_defined = Vec::new();
        let mut bytes = Box::new([None; 256]);
        for (id, piece) in (0..).zip(&model.pieces) {
            let text = piece.piece();
            match piece.r#type() {
                kind @ (PieceType::Normal | PieceType::Unused) => {
                    let unused = kind == PieceType::Unused;
                    pieces.insert(text.to_owned(), Piece { id, score: piece.score(), unused });
                }
                PieceType::UserDefined if !text.is_empty() => user_defined.push((text.to_owned(), id)),
                PieceType::Byte => {
                    let byte = text.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
                    if let Some(byte) = byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                        bytes[usize::from(byte)] = Some(id);
                    }
                }
                PieceType::UserDefined | PieceType::Unknown | PieceType::Control => {}
            }
        }
        user_defined.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        // A model that lacks some byte cannot fall back at all.
        let bytes = byte_fallback.then(|| bytes.iter().copied().collect::<Option<Vec<u32>>>()).flatten();
        let bytes = bytes.map(|ids| Box::new(std::array::from_fn(|byte| ids[byte])));
        Self { pieces, user_defined, bytes, unknown }
    }

    /// Cuts a normalized text. Quadratic in its length, which is a word's.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
        let mut symbols = self.start(text);
        while let Some(left) = self.best_pair(text, &symbols) {
            let right = symbols.remove(left + 1);
            let left = &mut symbols[left];
            let range = left.range.start..right.range.end;
            let first = std::mem::replace(left, Symbol { range, frozen: None, halves: None });
            left.halves = Some(Box::new((first, right)));
        }
        let mut ids = Vec::with_capacity(symbols.len());
        for symbol in &symbols {
            self.emit(text, symbol, &mut ids)?;
        }
        Ok(ids)
    }

    /// The text in single characters and user-defined pieces.
    fn start(&self, text: &str) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        let mut start = 0;
        while let Some(character) = text[start..].chars().next() {
            let defined = self.user_defined.iter().find(|(piece, _)| text[start..].starts_with(piece.as_str()));
            let length = defined.map_or(character.len_utf8(), |(piece, _)| piece.len());
            let frozen = defined.map(|(_, id)| *id);
            symbols.push(Symbol { range: start..start + length, frozen, halves: None });
            start += length;
        }
        symbols
    }

    /// The place of the neighbours that score highest when joined; among equals the leftmost.
    fn best_pair(&self, text: &str, symbols: &[Symbol]) -> Option<usize> {
        let mut best: Option<(usize, f32)> = None;
        for (place, pair) in symbols.windows(2).enumerate() {
            let [left, right] = pair else { continue };
            if left.frozen.is_some() || right.frozen.is_some() {
                continue;
            }
            let Some(piece) = self.pieces.get(&text[left.range.start..right.range.end]) else {
                continue;
            };
            if best.is_none_or(|(_, score)| piece.score > score) {
                best = Some((place, piece.score));
            }
        }
        best.map(|(place, _)| place)
    }

    fn emit(&self, text: &str, symbol: &Symbol, ids: &mut Vec<u32>) -> Result<(), String> {
        if let Some(id) = symbol.frozen {
            ids.push(id);
            return Ok(());
        }
        let part = &text[symbol.range.clone()];
        match (self.pieces.get(part), &symbol.halves) {
            (Some(Piece { unused: true, .. }), Some(halves)) => {
                self.emit(text, &halves.0, ids)?;
                self.emit(text, &halves.1, ids)?;
            }
            (Some(piece), _) => ids.push(piece.id),
            (None, _) => match (&self.bytes, self.unknown) {
                (Some(bytes), _) => ids.extend(part.bytes().map(|byte| bytes[usize::from(byte)])),
                (None, Some(unknown)) => ids.push(unknown),
                (None, None) => return Err(format!("no piece covers {part:?}")),
            },
        }
        Ok(())
    }
}
