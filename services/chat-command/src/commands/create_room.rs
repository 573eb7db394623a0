//! `POST /room`: create a room with other members.

use std::{borrow::Cow, sync::Arc};

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, Failure, Kind, extract::Body};
use colloquy_contracts::{
    CustomerId, Envelope, RoomId,
    openapi::{self, BadBody, KeyReused},
};
use colloquy_credentials::identity::Caller;
use colloquy_service_api::CallError;
use serde::Deserialize;
use utoipa::{
    PartialSchema as _, ToSchema,
    openapi::{Array, ArrayBuilder, Object},
};

use super::idempotency::{IdempotencyKeyHeader, IdempotentResponse, Replayed};
use crate::{
    ChatCommand,
    domain::{
        IdempotencyKey, MAX_MEMBERS, MAX_NAME, Members, MembersError, RoomName, RoomNameError,
    },
    group_commit::SubmitError,
    write_store::{Command, NewRoom, Recorded},
};

/// The body of the request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "A room to create.")]
pub struct CreateRoom {
    #[schema(schema_with = name_schema)]
    room_name: String,
    #[schema(schema_with = invited_schema)]
    target_customer_ids: Vec<CustomerId>,
}

/// Why a room was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateRoomError {
    /// The name breaks a rule.
    #[error("not a room name")]
    Name(#[from] RoomNameError),
    /// The list of members breaks a rule.
    #[error("not a list of members")]
    Members(#[from] MembersError),
    /// An invited customer does not exist.
    #[error("customer {0} does not exist")]
    Unknown(CustomerId),
    /// The customer directory did not answer.
    #[error("the members could not be looked up")]
    Directory(#[from] CallError),
    /// The command was refused or not recorded.
    #[error("not recorded")]
    Submit(#[from] SubmitError),
}

/// Create a room with other people
#[utoipa::path(
    post,
    path = "/room",
    operation_id = "createRoom",
    params(IdempotencyKeyHeader),
    request_body = CreateRoom,
    responses(
        (status = 200, description = "The new room's id.", body = Envelope<RoomId>,
            headers(("Idempotent-Replayed" = inline(Replayed), description = "Present on a repeat.")),
            links(
                ("say something in it" = (operation_id = "sendMessage",
                    request_body = json!({"roomId": "$response.body#/data"}))),
                ("read it" = (operation_id = "readHistory",
                    parameters(("roomId" = "$response.body#/data")))),
                ("who is online" = (operation_id = "listOnlineStatus",
                    parameters(("roomId" = "$response.body#/data")))),
                ("who has read how far" = (operation_id = "listReadMarkers",
                    parameters(("roomId" = "$response.body#/data")))),
            )),
        BadBody,
        KeyReused,
    )
)]
pub async fn handle(
    State(service): State<Arc<ChatCommand>>,
    caller: Caller,
    IdempotencyKeyHeader(key): IdempotencyKeyHeader,
    Body(request): Body<CreateRoom>,
) -> Result<IdempotentResponse<RoomId>, ApiError> {
    Ok(create(&service, &caller, key, request).await?)
}

async fn create(
    service: &ChatCommand,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    request: CreateRoom,
) -> Result<IdempotentResponse<RoomId>, CreateRoomError> {
    let room = NewRoom {
        name: RoomName::parse(request.room_name)?,
        created_by: caller.customer_id,
        members: members(service, caller, &request.target_customer_ids).await?,
    };
    let accepted = service.submit(Command::CreateRoom(room), key).await?;
    let Recorded::Room { room_id } = accepted.recorded else {
        return Err(SubmitError::Defect.into());
    };
    Ok(IdempotentResponse {
        answer: Answer("Room created.", room_id),
        replayed: accepted.replayed,
    })
}

/// All members with their full names. The caller exists, whatever the directory knows.
async fn members(
    service: &ChatCommand,
    caller: &Caller,
    invited: &[CustomerId],
) -> Result<Vec<(CustomerId, String)>, CreateRoomError> {
    let members = Members::invite(caller.customer_id, invited)?.all();
    let mut names = service.full_names.of_existing(&members).await?;
    names
        .entry(caller.customer_id)
        .or_insert_with(|| caller.full_name.clone());
    members
        .into_iter()
        .map(|id| {
            let name = names.remove(&id).ok_or(CreateRoomError::Unknown(id))?;
            Ok((id, name))
        })
        .collect()
}

fn name_schema() -> Object {
    openapi::text(
        "What the room is called: something visible, on one line.",
        MAX_NAME,
    )
}

fn invited_schema() -> Array {
    ArrayBuilder::new()
        .description(Some(
            "Whom to invite: each customer once, and not the caller, who is a member anyway.",
        ))
        .items(CustomerId::schema())
        .unique_items(true)
        .min_items(Some(1))
        .max_items(Some(MAX_MEMBERS - 1))
        .build()
}

impl Failure for CreateRoomError {
    fn kind(&self) -> Kind {
        match self {
            Self::Name(_) | Self::Members(_) | Self::Unknown(_) => Kind::Invalid,
            Self::Directory(error) => error.kind(),
            Self::Submit(error) => error.kind(),
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Name(RoomNameError::Blank) => "A room needs a name.".into(),
            Self::Name(RoomNameError::TooLong) => {
                format!("A room's name has at most {MAX_NAME} characters.").into()
            }
            Self::Name(RoomNameError::NotOneLine) => {
                "A room's name is one line, without control characters.".into()
            }
            Self::Members(MembersError::Empty) => "Invite at least one other person.".into(),
            Self::Members(MembersError::CreatorInvited) => {
                "You are a member anyway; invite only others.".into()
            }
            Self::Members(MembersError::Repeated) => "Invite each person only once.".into(),
            Self::Members(MembersError::TooMany) => {
                format!("A room has at most {MAX_MEMBERS} members.").into()
            }
            Self::Unknown(id) => format!("There is no customer {id}.").into(),
            Self::Directory(error) => error.message(),
            Self::Submit(error) => error.message(),
        }
    }
}
