//! `histogram.csv`: how many documents have how many tokens, and so how many windows there are.

use crate::{CorpusError, count::windows_of};

/// The windows of the corpus whose histogram this is: Σ count · max(1, length − window + 1), where a window of 0 is the
/// whole document.
pub(crate) fn windows(member: &str, bytes: &[u8], window: u32) -> Result<u64, CorpusError> {
    let mut total = Some(0_u64);
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let numbers = std::str::from_utf8(line).ok().and_then(|line| line.split_once(','));
        let parsed = numbers.and_then(|(length, count)| Some((length.parse().ok()?, count.parse::<u64>().ok()?)));
        let Some((length, count)) = parsed else {
            let detail = format!("line {} is no \"length,count\" of two whole numbers", number + 1);
            return Err(CorpusError::member(member, detail));
        };
        total = total.and_then(|total| total.checked_add(count.checked_mul(windows_of(length, window))?));
    }
    match total {
        Some(0) => Err(CorpusError::member(member, "it counts no documents")),
        Some(total) => Ok(total),
        None => Err(CorpusError::member(member, "its windows do not fit 64 bits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_formula_for_short_empty_and_whole_documents() {
        let of =
            |text: &str, window| windows("histogram.csv", text.as_bytes(), window).map_err(|error| error.to_string());
        assert_eq!(of("99,43\n84,2\n", 10), Ok(90 * 43 + 75 * 2));
        assert_eq!(of("10,1\n9,1\n11,1\n0,5", 10), Ok(1 + 1 + 2 + 5));
        assert_eq!(of("99,43\r\n0,2\r\n", 0), Ok(45));
        assert!(of("length,count\n", 10).is_err_and(|error| error.contains("line 1")));
        assert!(of("1,1\n5\n", 10).is_err_and(|error| error.contains("line 2")));
        assert!(of("1,-1\n", 10).is_err());
        assert!(of("\n", 10).is_err_and(|error| error.contains("no documents")));
        assert!(of("4294967296,4294967296\n", 1).is_err_and(|error| error.contains("64 bits")));
    }
}
