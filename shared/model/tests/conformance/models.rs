use crate::data;
use superposed_identity::Mode;
use superposed_model::ModelDirectory;

#[test]
fn the_models_open_with_the_sizes_their_files_state() {
    for (path, layers, widths, vocabulary) in [
        ("conformance/models/gpt2-synth", 4, [512, 512, 128, 128], 50_257),
        ("conformance/models/llama-synth", 4, [352, 352, 128, 128], 32_000),
        ("real/tinystories-656k", 2, [384, 384, 128, 128], 2_048),
    ] {
        let Some(directory) = data(path) else { return };
        let model = ModelDirectory::open(&directory).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(model.config().layers, layers, "{path}");
        assert_eq!(Mode::ALL.map(|mode| model.config().width(mode)), widths, "{path}");
        assert_eq!(model.ranked_tokens(), vocabulary, "{path}");
        let digest = model.digest().expect("readable files");
        assert_eq!(digest, model.digest().expect("readable files"));
    }
}
