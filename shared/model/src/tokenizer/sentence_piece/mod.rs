//! `tokenizer.model`: a SentencePiece model, as LLaMA 1 and 2 have it.
//!
//! The file is a protobuf ([`proto`]) of scored pieces. A text is normalized ([`normalize`]: the model's character
//! map, a dummy `▁` in front, spaces as `▁`) and then cut by one of two methods:
//!
//! - BPE ([`bpe`]): join the neighbours whose piece scores highest, leftmost first, until none can be joined. Done
//!   here rather than with the `tokenizers` library's BPE, which ranks *pairs*: several pairs can make one piece, and
//!   SentencePiece treats them as equals.
//! - Unigram: the likeliest cut, found by the `tokenizers` library.
//!
//! What no piece covers becomes its UTF-8 bytes (`<0xE2>` …) when the model has byte fallback, else `<unk>`.

mod bpe;
mod normalize;
mod proto;

use super::{TokenizerError, Vocabulary};
use bpe::Bpe;
use normalize::Normalizer;
use prost::Message;
use proto::{ModelProto, ModelType, PieceType};
use std::path::Path;
use tokenizers::{Model, models::unigram::Unigram};

/// A SentencePiece model, ready to cut words.
pub(super) struct SentencePiece {
    normalizer: Normalizer,
    method: Method,
}

enum Method {
    Bpe(Bpe),
    Unigram(Box<Unigram>),
}

pub(super) fn load(path: &Path, content: &[u8]) -> Result<(Vocabulary, SentencePiece), TokenizerError> {
    let model = ModelProto::decode(content).map_err(|e| TokenizerError::invalid(path, e))?;
    let tokens = (0..).zip(&model.pieces).map(|(id, piece)| (id, piece.piece().to_owned())).collect();
    Ok((tokens, SentencePiece::new(&model, path)?))
}

impl SentencePiece {
    fn new(model: &ModelProto, path: &Path) -> Result<Self, TokenizerError> {
        let invalid = |reason: &str| TokenizerError::invalid(path, reason);
        let trainer = model.trainer_spec.as_ref().ok_or_else(|| invalid("it does not say how it was trained"))?;
        let spec = model.normalizer_spec.as_ref().ok_or_else(|| invalid("it does not say how it normalizes"))?;
        let unknown = model.pieces.iter().position(|piece| piece.r#type() == PieceType::Unknown);
        let method = match trainer.model_type() {
            ModelType::Bpe => Method::Bpe(Bpe::new(model, unknown.map(|id| id as u32), trainer.byte_fallback())),
            ModelType::Unigram => {
                let pieces = model.pieces.iter().map(|p| (p.piece().to_owned(), f64::from(p.score()))).collect();
                let unigram = Unigram::from(pieces, unknown, trainer.byte_fallback())
                    .map_err(|e| TokenizerError::invalid(path, e))?;
                Method::Unigram(Box::new(unigram))
            }
            kind @ (ModelType::Word | ModelType::Char) => {
                return Err(TokenizerError::Unsupported {
                    path: path.to_owned(),
                    kind: format!("SentencePiece {kind:?}").to_lowercase(),
                });
            }
        };
        let normalizer = Normalizer::new(spec, trainer.treat_whitespace_as_suffix()).map_err(invalid)?;
        Ok(Self { normalizer, method })
    }

    pub(super) fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
        let normal = self.normalizer.normalize(text);
        match &self.method {
            Method::Bpe(bpe) => bpe.encode(&normal),
            Method::Unigram(unigram) => unigram
                .tokenize(&normal)
                .map(|tokens| tokens.into_iter().map(|token| token.id).collect())
                .map_err(|e| e.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::proto::{NormalizerSpec, Piece, TrainerSpec};
    use super::*;

    fn piece(text: &str, score: f32, kind: PieceType) -> Piece {
        Piece { piece: Some(text.to_owned()), score: Some(score), r#type: Some(kind.into()) }
    }

    fn model(kind: ModelType, byte_fallback: bool, pieces: Vec<Piece>) -> SentencePiece {
        let model = ModelProto {
            pieces,
            trainer_spec: Some(TrainerSpec {
                model_type: Some(kind.into()),
                byte_fallback: Some(byte_fallback),
                treat_whitespace_as_suffix: None,
            }),
            normalizer_spec: Some(NormalizerSpec::default()),
        };
        // Through bytes, so that the declared messages are exercised too.
        let bytes = model.encode_to_vec();
        let model = ModelProto::decode(bytes.as_slice()).expect("what was just encoded");
        SentencePiece::new(&model, Path::new("tokenizer.model")).expect("a legal model")
    }

    fn pieces(texts: &[(&str, f32)]) -> Vec<Piece> {
        [piece("<unk>", 0.0, PieceType::Unknown), piece("<s>", 0.0, PieceType::Control)]
            .into_iter()
            .chain(texts.iter().map(|(text, score)| piece(text, *score, PieceType::Normal)))
            .collect()
    }

    #[test]
    fn the_highest_score_joins_first_and_among_equals_the_leftmost() {
        let sp = model(
            ModelType::Bpe,
            false,
            pieces(&[("▁", -9.0), ("a", -9.0), ("b", -9.0), ("aa", -1.0), ("aaa", -2.0), ("ab", -3.0), ("▁a", -4.0)]),
        );
        // ▁ a a a b → ▁ aa a b → ▁ aaa b: the pair (aa, a), not (a, ab).
        assert_eq!(sp.encode("aaab"), Ok(vec![2, 6, 4]));
        // ▁ a a a a → ▁ aa aa, and no piece is aaaa.
        assert_eq!(sp.encode("aaaa"), Ok(vec![2, 5, 5]));
        assert_eq!(sp.encode("ab"), Ok(vec![2, 7]));
    }

    #[test]
    fn what_no_piece_covers_becomes_bytes_or_unknown() {
        let known = || pieces(&[("▁", -1.0), ("a", -2.0)]);
        let mut with_bytes = known();
        with_bytes.extend((0..=255).map(|byte| piece(&format!("<0x{byte:02X}>"), 0.0, PieceType::Byte)));
        assert_eq!(model(ModelType::Bpe, false, known()).encode("aé"), Ok(vec![2, 3, 0]));
        assert_eq!(model(ModelType::Bpe, true, with_bytes).encode("aé"), Ok(vec![2, 3, 4 + 0xC3, 4 + 0xA9]));
    }

    #[test]
    fn control_pieces_are_never_found_in_a_text_and_user_defined_ones_always() {
        let mut list = pieces(&[("▁", -1.0), ("<", -2.0), ("s", -2.0), (">", -2.0), ("<s", -1.5), ("ss", -1.0)]);
        assert_eq!(model(ModelType::Bpe, false, list.clone()).encode("<s>"), Ok(vec![2, 6, 5]));
        list.push(piece("s>", 0.0, PieceType::UserDefined));
        assert_eq!(model(ModelType::Bpe, false, list).encode("ss>"), Ok(vec![2, 4, 8]));
    }

    #[test]
    fn an_unused_piece_is_taken_apart_again() {
        let mut list = pieces(&[("▁", -9.0), ("a", -9.0), ("b", -9.0), ("c", -9.0), ("abc", -2.0)]);
        list.push(piece("ab", -1.0, PieceType::Unused));
        let sp = model(ModelType::Bpe, false, list);
        assert_eq!(sp.encode("abc"), Ok(vec![2, 6]));
        assert_eq!(sp.encode("ab"), Ok(vec![2, 3, 4]));
    }

    #[test]
    fn a_unigram_model_takes_the_likeliest_cut() {
        let sp = model(ModelType::Unigram, false, pieces(&[("▁", -2.0), ("a", -3.0), ("b", -3.0), ("▁ab", -4.0)]));
        assert_eq!(sp.encode("ab"), Ok(vec![5]));
        assert_eq!(sp.encode("ba"), Ok(vec![2, 4, 3]));
    }
}
