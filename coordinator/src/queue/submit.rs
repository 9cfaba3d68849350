//! A campaign and its spans.

use super::{Queue, QueueError, wake::ring, write_mode};
use sqlx::types::Json;
use superposed_shared::{
    description::{CampaignDescription, CampaignId},
    spec::{CampaignSpec, IndexSet, plan::LayerPlan},
};

/// What became of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// The campaign is new.
    Created(CampaignId),
    /// A campaign with the same client key was there already.
    Known(CampaignId),
}

impl Queue {
    /// The campaign with a client key, and the spec it was submitted with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn campaign_by_key(&self, client_key: &str) -> Result<Option<(CampaignId, CampaignSpec)>, QueueError> {
        let row = sqlx::query_as(include_str!("sql/campaign_by_key.sql")).bind(client_key);
        let row: Option<(i64, Json<CampaignSpec>)> = row.fetch_optional(&self.pool).await?;
        Ok(row.map(|(id, Json(spec))| (CampaignId(id), spec)))
    }

    /// Queues a campaign; idempotent by `client_key`. Takes as many rows as the campaign has (mode, layer)s, however
    /// many jobs these hold.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn submit(
        &self,
        client_key: &str,
        spec: &CampaignSpec,
        description: &CampaignDescription,
        layers: &[LayerPlan],
    ) -> Result<Submitted, QueueError> {
        Self::transact(|| self.submit_once(client_key, spec, description, layers, &[])).await
    }

    /// Queues a campaign some of whose jobs are done: `done` has their ordinals, layer by layer. All at once, so that no
    /// worker is ever given one of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn submit_adopting(
        &self,
        client_key: &str,
        spec: &CampaignSpec,
        description: &CampaignDescription,
        layers: &[LayerPlan],
        done: &[IndexSet],
    ) -> Result<Submitted, QueueError> {
        let submitted = Self::transact(|| self.submit_once(client_key, spec, description, layers, done)).await?;
        if let Submitted::Created(id) = submitted {
            // Nothing may be left to do.
            self.settle(Some(id)).await?;
        }
        Ok(submitted)
    }

    async fn submit_once(
        &self,
        client_key: &str,
        spec: &CampaignSpec,
        description: &CampaignDescription,
        layers: &[LayerPlan],
        done: &[IndexSet],
    ) -> Result<Submitted, QueueError> {
        let per_neuron = description.polarities.count();
        let mut tx = self.pool.begin().await?;
        let polarities: Vec<&str> = description.polarities.as_slice().iter().map(|p| p.as_str()).collect();
        let created: Option<i64> = sqlx::query_scalar(include_str!("sql/submit_campaign.sql"))
            .bind(client_key)
            .bind(&spec.name)
            .bind(spec.priority)
            .bind(Json(spec))
            .bind(Json(description))
            .bind(polarities)
            .bind((description.batch * per_neuron).cast_signed())
            .bind(spec.max_attempts.cast_signed())
            .bind(spec.max_workers.map(u32::cast_signed))
            .fetch_optional(&mut *tx)
            .await?;
        let Some(id) = created else {
            tx.rollback().await?;
            let known = self.campaign_by_key(client_key).await?;
            return known.map(|(id, _)| Submitted::Known(id)).ok_or(QueueError::Database(sqlx::Error::RowNotFound));
        };
        for (place, plan) in layers.iter().enumerate() {
            let (done_lower, done_upper) = done.get(place).map(bounds).unwrap_or_default();
            let (lower, upper) = bounds(&plan.neurons);
            sqlx::query(include_str!("sql/submit_layer.sql"))
                .bind(id)
                .bind(write_mode(plan.mode))
                .bind(plan.layer.0.cast_signed())
                .bind(lower)
                .bind(upper)
                .bind((plan.neurons.len() * per_neuron).cast_signed())
                .bind(done_lower)
                .bind(done_upper)
                .execute(&mut *tx)
                .await?;
        }
        ring(&mut tx).await?;
        tx.commit().await?;
        Ok(Submitted::Created(CampaignId(id)))
    }

    /// What workers must know of a campaign.
    ///
    /// # Errors
    /// When there is none, or the database fails.
    pub async fn description(&self, campaign: CampaignId) -> Result<CampaignDescription, QueueError> {
        let row: Option<Json<CampaignDescription>> =
            sqlx::query_scalar(include_str!("sql/description.sql")).bind(campaign.0).fetch_optional(&self.pool).await?;
        row.map(|Json(description)| description).ok_or(QueueError::NoSuchCampaign(campaign))
    }
}

/// The bounds of a set's ranges.
fn bounds(set: &IndexSet) -> (Vec<i32>, Vec<i32>) {
    set.ranges().iter().map(|range| (range.start.cast_signed(), range.end.cast_signed())).unzip()
}
