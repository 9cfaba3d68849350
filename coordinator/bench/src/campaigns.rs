//! Campaigns to be worked off, and a model with room for twelve million jobs.

use anyhow::{Context, Result};
use serde_json::{Map, json};
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};
use superposed::queue::{Queue, progress::CampaignState, submit::Submitted};
use superposed_identity::{
    AuditShare, LayerIndex, MiningParameters, Mode, Polarities, Precision, ResultLayout, TokenRule,
};
use superposed_shared::{
    description::{CampaignDescription, CampaignId, Input},
    spec::{CampaignSpec, IndexSet, Source, plan::LayerPlan},
};

/// Neurons of a layer of GPT-2 XL.
const NEURONS: u32 = 6400;

/// Neurons in one forward pass, the default: leases end on its multiples.
const BATCH: u32 = 64;

/// A spec that names no real files.
pub(crate) fn spec(name: &str, place: &Path) -> CampaignSpec {
    let path = |name: &str| place.join(name).display().to_string();
    CampaignSpec {
        name: name.to_owned(),
        size: "bench".parse().expect("a legal size"),
        source: Source::Model(path("model")),
        corpus: path("demo/corpus"),
        destination: path(name),
        modes: Some(Mode::ALL.to_vec()),
        polarities: Polarities::Both,
        select: Vec::new(),
        parameters: Default::default(),
        priority: 0,
        batch: BATCH,
        precision: None,
        max_attempts: 3,
        audit: AuditShare::NONE,
        layout: ResultLayout::Files,
        max_workers: None,
    }
}

/// Queues a campaign of about `jobs` jobs, rounded up to whole neurons, of layers as wide as GPT-2 XL's and as many as
/// it takes. It exists in the queue alone: simulated workers need no model. Returns its number and its jobs.
pub(crate) async fn queue(queue: &Queue, name: &str, jobs: u32) -> Result<(CampaignId, u32)> {
    submit(queue, name, jobs, NEURONS).await
}

/// The same, in so many layers of each mode, however wide they have to be.
pub(crate) async fn queue_in(queue: &Queue, name: &str, jobs: u32, layers: u32) -> Result<(CampaignId, u32)> {
    submit(queue, name, jobs, jobs.div_ceil(2 * layers * Mode::ALL.len() as u32)).await
}

async fn submit(queue: &Queue, name: &str, jobs: u32, width: u32) -> Result<(CampaignId, u32)> {
    let spec = spec(name, Path::new("/nowhere"));
    let mut layers = Vec::new();
    let (mut left, mut layer) = (jobs.div_ceil(2), 0);
    while left > 0 {
        for mode in Mode::ALL {
            let neurons = left.min(width);
            if neurons > 0 {
                layers.push(LayerPlan { mode, layer: LayerIndex(layer), neurons: IndexSet::below(neurons) });
            }
            left -= neurons;
        }
        layer += 1;
    }
    let description = CampaignDescription {
        name: spec.name.clone(),
        size: spec.size.clone(),
        input: Input::Model { directory: "/nowhere/model".to_owned(), digest: "sha256:0".to_owned() },
        corpus: spec.corpus.clone(),
        corpus_digest: "sha256:1".to_owned(),
        extra_vocab: None,
        destination: spec.destination.clone(),
        polarities: spec.polarities,
        parameters: MiningParameters::published(TokenRule::ByteLevel),
        batch: spec.batch,
        precision: Precision::F32,
        audit: spec.audit,
        layout: ResultLayout::Files,
    };
    match queue.submit(name, &spec, &description, &layers).await? {
        Submitted::Created(id) => Ok((id, jobs.div_ceil(2) * 2)),
        Submitted::Known(id) => anyhow::bail!("campaign {id} is there already"),
    }
}

/// Ends all campaigns and forgets them: nothing of them is to be worked off.
pub(crate) async fn end_all(queue: &Queue) -> Result<()> {
    for (campaign, _) in queue.campaigns().await? {
        if matches!(campaign.state, CampaignState::Running | CampaignState::Paused) {
            queue.cancel(campaign.id).await?;
        }
        queue.delete(campaign.id).await?;
    }
    Ok(())
}

/// A GPT-2 in `place` whose layers are as wide as a large model's, and whose residual stream is two numbers wide, so
/// that its weights are small: nobody will compute with it. It comes with a demo's tokenizer and corpus. Returns how
/// many jobs a campaign over all of it has.
pub(crate) fn write_wide_model(place: &Path, layers: usize, neurons: usize) -> Result<u64> {
    const WIDTH: usize = 2;
    let demo = superposed_demo::generate(&place.join("demo"), 1)?;
    let model = place.join("model");
    fs::create_dir_all(&model)?;
    for file in ["vocab.json", "merges.txt"] {
        fs::copy(demo.model().join(file), model.join(file))?;
    }
    let config: serde_json::Value = serde_json::from_slice(&fs::read(demo.model().join("config.json"))?)?;
    let mut config = config.as_object().context("a configuration")?.clone();
    let vocabulary = config["vocab_size"].as_u64().context("a number")? as usize;
    config.extend([
        ("n_embd".to_owned(), json!(WIDTH)),
        ("n_head".to_owned(), json!(1)),
        ("n_inner".to_owned(), json!(neurons)),
        ("n_layer".to_owned(), json!(layers)),
    ]);
    fs::write(model.join("config.json"), serde_json::to_vec(&config)?)?;

    let mut shapes: Vec<(String, Vec<usize>)> = vec![("wte.weight".to_owned(), vec![vocabulary, WIDTH])];
    let norms = (0..layers).flat_map(|layer| [1, 2].map(|norm| format!("h.{layer}.ln_{norm}")));
    for norm in norms.chain(["ln_f".to_owned()]) {
        shapes.extend(["weight", "bias"].map(|part| (format!("{norm}.{part}"), vec![WIDTH])));
    }
    for layer in 0..layers {
        for (name, rows, columns) in [
            ("attn.c_attn", WIDTH, 3 * WIDTH),
            ("attn.c_proj", WIDTH, WIDTH),
            ("mlp.c_fc", WIDTH, neurons),
            ("mlp.c_proj", neurons, WIDTH),
        ] {
            shapes.push((format!("h.{layer}.{name}.weight"), vec![rows, columns]));
            shapes.push((format!("h.{layer}.{name}.bias"), vec![columns]));
        }
    }
    write_zeros(&model.join("model.safetensors"), shapes)?;
    Ok(4 * layers as u64 * (neurons + WIDTH) as u64)
}

/// A file of 16-bit tensors, all zeros.
fn write_zeros(path: &Path, shapes: Vec<(String, Vec<usize>)>) -> Result<()> {
    let mut header = Map::new();
    let mut end = 0;
    for (name, shape) in shapes {
        let start = end;
        end += 2 * shape.iter().product::<usize>();
        header.insert(name, json!({ "dtype": "F16", "shape": shape, "data_offsets": [start, end] }));
    }
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut file = File::create(path)?;
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), end as u64), &mut file)?;
    Ok(())
}
