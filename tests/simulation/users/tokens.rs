//! A user who ends the tokens that were made for a job.

use std::sync::Arc;
use std::time::Duration;

use headway_core::tokens::end_tokens;
use headway_core::{JobError, Viewer};

use super::{PATIENCE, id_when_known};
use crate::invariant::{Invariant, Violation};
use crate::workload::JobPlan;
use crate::world::World;

/// Ends the tokens. Once that is answered, no token that was made before opens the job.
pub(super) async fn ends_tokens(world: World, job: Arc<JobPlan>) {
    let Some(id) = id_when_known(&world, &job).await else { return };
    headway_core::time::sleep(world.faults.span(Duration::from_secs(15) * world.plan.tempo.min(60))).await;
    let owner = &world.users[job.owner];
    let Some(generation) = world.standing(id, |row| row.token_generation).await else { return };
    for _ in 0..PATIENCE {
        match world.request(async |app| end_tokens(app, &app.owned(owner, id).await?).await).await {
            Some(Ok(())) => break,
            Some(Err(JobError::NotFound)) => return,
            _ => {}
        }
    }
    let bearer = Viewer::Bearer { owner, generation };
    match world.request(async |app| app.visible(bearer, id).await).await {
        Some(Err(JobError::TokenEnded)) => world.faults.saw("job: its tokens were ended"),
        Some(Err(_)) | None => {}
        Some(Ok(_)) => world.faults.violated(Violation::new(Invariant::OwnersAreApart, format!("an ended token opens {id}"))),
    }
}
