//! The parts of packs, as workers write them, put together to one pack for each layer.
//!
//! A layer is put together when every job that a campaign selects of it is there, in parts, as files or in an earlier
//! pack; its pack is durable before the first part is removed. Whoever does it, and however often, even at the same time:
//! the same jobs make the same pack, so none can be lost.

use crate::{
    Entry, PackWriter, Tree, TreeError,
    export::{ExportError, results, solver_records::OfLayer},
    pack::Columns,
    verify::plan::SizePlan,
};
use futures::{TryStreamExt, pin_mut};
use std::sync::Arc;
use superposed_identity::{LayerIndex, Mode, Size};
use superposed_shared::{destination::Destination, layout};

/// What was put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compacted {
    /// Layers that have one pack now and had parts before.
    pub layers: u64,
    /// Parts that were removed.
    pub parts: u64,
    /// Layers that stay in parts, since jobs of them are not done.
    pub incomplete: u64,
}

/// Puts the parts of a destination's packs together, layer by layer, as far as layers are complete.
///
/// # Errors
/// When a part cannot be read or a pack cannot be written; nothing is lost then.
pub async fn compact(tree: &Arc<Tree>) -> Result<Compacted, ExportError> {
    let destination = Destination::open_existing(tree.place())?;
    let mut compacted = Compacted::default();
    for (size, of_size) in &tree.inventory.sizes {
        let (plan, _) = SizePlan::read(tree, size).await?;
        let is_part = |path: &&String| matches!(Entry::at(path), Entry::Part(..));
        for (layer, held) in of_size.layers.iter().filter(|(_, held)| held.packs.iter().any(|path| is_part(&path))) {
            if !is_complete(tree, &plan, size, *layer).await? {
                compacted.incomplete += 1;
                continue;
            }
            let parts: Vec<&String> = held.packs.iter().filter(is_part).collect();
            put_together(tree, &destination, size, *layer).await?;
            for part in &parts {
                destination.remove(&format!("{size}/{part}")).await?;
            }
            compacted.layers += 1;
            compacted.parts += parts.len() as u64;
        }
    }
    Ok(compacted)
}

/// Whether every job that should be there is.
async fn is_complete(
    tree: &Arc<Tree>,
    plan: &SizePlan,
    size: &Size,
    (mode, layer): (Mode, LayerIndex),
) -> Result<bool, TreeError> {
    let held = tree.layer(size, (mode, layer), Columns::Topics).await?;
    let mut expected = plan.jobs(mode, layer).peekable();
    Ok(plan.is_complete() && expected.peek().is_some() && expected.all(|job| held.has_all(job)))
}

async fn put_together(
    tree: &Arc<Tree>,
    destination: &Destination,
    size: &Size,
    (mode, layer): (Mode, LayerIndex),
) -> Result<(), ExportError> {
    let path = layout::pack_file(size, mode, layer);
    let failed = |source| ExportError::Pack { path: path.clone(), source };
    let words = tree.words(size).await?;
    // Parts say themselves how their topics were solved.
    let found = results(tree, size, (mode, layer), OfLayer::new()).await?;
    pin_mut!(found);
    let mut writer = PackWriter::new(words.as_ref()).map_err(failed)?;
    while let Some((job, stored)) = found.try_next().await? {
        writer.push(job, &stored).map_err(failed)?;
    }
    let pack = writer.finish().map_err(failed)?;
    destination.put(&path, pack.into()).await?;
    Ok(destination.sync().await?)
}
