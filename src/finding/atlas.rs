//! The MITRE ATLAS techniques that a pattern shows, as OCSF `attack` objects.
//!
//! Only what the exchanges themselves show: that the inference interface was used is seen in every
//! finding; that the answers are being collected to train a copy is what the patterns of collection
//! show; buying infrastructure shows in relays alone.

use serde::Serialize;

use super::Pattern;

/// The first release of the matrix that holds all techniques named here.
const ATLAS_VERSION: &str = "5.5.0";

/// An OCSF `attack` object.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Attack {
    version: &'static str,
    tactic: Named,
    technique: Named,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_technique: Option<Named>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Named {
    uid: &'static str,
    name: &'static str,
}

/// The techniques of a pattern, the most telling first.
pub(crate) fn attacks(pattern: Pattern) -> &'static [Attack] {
    match pattern {
        Pattern::ReasoningHarvest
        | Pattern::InstructionSweep
        | Pattern::BenchmarkSweep
        | Pattern::JudgeFarm
        | Pattern::AgentTrajectories => &[EXTRACT_MODEL, TRAIN_PROXY, API_ACCESS],
        Pattern::LogitExtraction | Pattern::ReplayedReasoning => &[EXTRACT_MODEL, API_ACCESS],
        Pattern::Relay => &[SERVICE_PROXIES, API_ACCESS],
        Pattern::Unknown => &[API_ACCESS],
    }
}

const EXTRACT_MODEL: Attack = Attack {
    version: ATLAS_VERSION,
    tactic: Named { uid: "AML.TA0010", name: "Exfiltration" },
    technique: Named { uid: "AML.T0024", name: "Exfiltration via AI Inference API" },
    sub_technique: Some(Named { uid: "AML.T0024.002", name: "Extract AI Model" }),
};

const TRAIN_PROXY: Attack = Attack {
    version: ATLAS_VERSION,
    tactic: Named { uid: "AML.TA0001", name: "AI Attack Staging" },
    technique: Named { uid: "AML.T0005", name: "Create Proxy AI Model" },
    sub_technique: Some(Named { uid: "AML.T0005.001", name: "Train Proxy via Replication" }),
};

const SERVICE_PROXIES: Attack = Attack {
    version: ATLAS_VERSION,
    tactic: Named { uid: "AML.TA0003", name: "Resource Development" },
    technique: Named { uid: "AML.T0008", name: "Acquire Infrastructure" },
    sub_technique: Some(Named { uid: "AML.T0008.005", name: "AI Service Proxies" }),
};

const API_ACCESS: Attack = Attack {
    version: ATLAS_VERSION,
    tactic: Named { uid: "AML.TA0000", name: "AI Model Access" },
    technique: Named { uid: "AML.T0040", name: "AI Model Inference API Access" },
    sub_technique: None,
};
