//! Jobs are created with their params and their key, all or none.

use std::sync::Arc;

use futures::future::join_all;
use headway_core::Ledger;
use headway_core::job::Job;

use crate::sample::{job, job_of, key, raw};

crate::subject::over_every_ledger!(
    a_job_comes_with_its_params,
    a_key_starts_one_job,
    a_key_is_free_again_when_its_job_is_replaced,
    a_create_made_again_is_the_same_create,
    of_many_creates_with_one_key_one_wins,
    another_owners_key_is_another_key,
);

async fn a_job_comes_with_its_params(ledger: Arc<dyn Ledger>) {
    let job = job();
    let params = raw(r#"{"schema":  {"maximum": 1.0e3, "é": null}}"#);
    assert_eq!(ledger.create(&job, &params, None, None).await.unwrap(), None);
    assert_eq!(read(&*ledger, &job).await, Some(job.clone()));
    assert_eq!(ledger.params(job.id).await.unwrap().unwrap().get(), params.get());
}

async fn a_key_starts_one_job(ledger: Arc<dyn Ledger>) {
    let first = job();
    let second = job_of(&first.user_id, 1);
    let (known, other) = (key(&first, "k"), key(&second, "k"));
    assert_eq!(ledger.create(&first, &raw("1"), Some(&known), None).await.unwrap(), None);
    assert_eq!(ledger.create(&second, &raw("2"), Some(&other), None).await.unwrap(), Some(known));
    assert_eq!(read(&*ledger, &second).await, None, "nothing is put beside a key that is taken");
    assert!(ledger.params(second.id).await.unwrap().is_none(), "nor are params left behind");
}

async fn a_key_is_free_again_when_its_job_is_replaced(ledger: Arc<dyn Ledger>) {
    let first = job();
    let second = job_of(&first.user_id, 1);
    let third = job_of(&first.user_id, 2);
    ledger.create(&first, &raw("1"), Some(&key(&first, "k")), None).await.unwrap();
    assert_eq!(ledger.create(&second, &raw("2"), Some(&key(&second, "k")), Some(first.id)).await.unwrap(), None);
    let late = ledger.create(&third, &raw("3"), Some(&key(&third, "k")), Some(first.id)).await.unwrap();
    assert_eq!(late, Some(key(&second, "k")), "the one replaced has been replaced already");
    assert_eq!(read(&*ledger, &second).await, Some(second));
}

async fn a_create_made_again_is_the_same_create(ledger: Arc<dyn Ledger>) {
    for with_key in [false, true] {
        let job = job();
        let key = with_key.then(|| key(&job, "k"));
        for _ in 0..2 {
            assert_eq!(ledger.create(&job, &raw("1"), key.as_ref(), None).await.unwrap(), None);
        }
        assert_eq!(read(&*ledger, &job).await, Some(job));
    }
}

async fn of_many_creates_with_one_key_one_wins(ledger: Arc<dyn Ledger>) {
    let first = job();
    let jobs: Vec<Job> = (0..8).map(|i| job_of(&first.user_id, i)).collect();
    let params = raw("null");
    let creates = jobs.iter().map(|job| {
        let (ledger, params) = (&ledger, &params);
        async move { ledger.create(job, params, Some(&key(job, "k")), None).await.unwrap() }
    });
    let answers = join_all(creates).await;
    let winners: Vec<_> = jobs.iter().zip(&answers).filter(|(_, answer)| answer.is_none()).map(|(job, _)| job.id).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert!(answers.iter().flatten().all(|known| known.job == winners[0]));
    for job in &jobs {
        let won = job.id == winners[0];
        assert_eq!(read(&*ledger, job).await.is_some(), won);
        assert_eq!(ledger.params(job.id).await.unwrap().is_some(), won, "the others leave nothing behind");
    }
}

async fn another_owners_key_is_another_key(ledger: Arc<dyn Ledger>) {
    for _ in 0..2 {
        let job = job();
        assert_eq!(ledger.create(&job, &raw("1"), Some(&key(&job, "k")), None).await.unwrap(), None);
    }
}

async fn read(ledger: &dyn Ledger, job: &Job) -> Option<Job> {
    ledger.rows(&[job.id], &[]).await.unwrap().jobs.remove(&job.id)
}
