//! The town hall: a real server on a real data directory, with the real files imported, and the
//! communities and grids below the streets made up.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridfold_server::auth::{Actor, Password};
use gridfold_server::clock::Clock;
use gridfold_server::config::Config;
use gridfold_server::import::{MatterOptions, Report, RowClock, import_areas, import_matters};
use gridfold_server::node::{Node, NodeError, random_10};
use gridfold_server::serve::Server;
use gridfold_sync_core::directory::{
    Area, DirectoryChange, GRID_LEVEL, Grant, User, default_catalogue,
};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{AreaCode, DeviceId, GrantId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

use super::clock::ShiftedClock;

/// What may go wrong in the demo: shown and ended.
pub type DemoError = Box<dyn std::error::Error + Send + Sync>;

/// The administrator's name and password: printed at the end, since this data is made up.
pub const ADMIN: (&str, &str) = ("admin", "gridfold demo phrase");

/// The running town hall.
#[derive(Debug)]
pub struct Town {
    /// The server.
    pub node: Arc<Node>,
    /// The administrator.
    pub admin: Author,
    /// Grids for the workers.
    pub grids: Vec<AreaCode>,
    /// What the imports did: areas, matters; none when a file is not there.
    pub imports: Vec<(String, Option<Report>)>,
    /// The server's clock.
    pub clock: Arc<ShiftedClock>,
}

fn area(code: &str, parent: Option<&str>, name: &str, level: &str) -> Result<Area, DemoError> {
    Ok(Area {
        code: AreaCode::new(code)?,
        parent: parent.map(AreaCode::new).transpose()?,
        name: name.to_owned(),
        level: level.to_owned(),
    })
}

impl Town {
    /// Sets the town hall up in an empty directory.
    ///
    /// # Errors
    /// When the directory is not empty or an import fails as a whole.
    pub fn found(
        dir: &Path,
        data: &Path,
        clock: Arc<ShiftedClock>,
        grids: usize,
        mut progress: impl FnMut(&str, u64),
    ) -> Result<Self, DemoError> {
        let settings = "[limits]\ndevice_requests_per_minute = 10000\naddress_requests_per_minute = 10000\n\
                        [log]\nmin_free_mib = 16\n";
        let config = Config::parse(settings, std::iter::empty())?;
        let node = Node::init(dir, config, clock.clone(), ADMIN.0, &Password::new(ADMIN.1))?;
        let user = node
            .directory
            .current()
            .users()
            .next()
            .map(|u| u.id)
            .ok_or("init made no administrator")?;
        let device = node
            .auth
            .devices
            .create_console(user.0, clock.now().millis())?;
        let admin = Author {
            device: DeviceId(device),
            user,
        };
        // As `gridfold init` does.
        node.directory.change(vec![DirectoryChange::Catalogue {
            catalogue: Box::new(default_catalogue()?),
        }])?;
        let mut imports = Vec::new();
        let areas = data.join("areas-tianjin.csv");
        let report = match File::open(&areas) {
            Ok(file) => Some(import_areas(&node, file, false, &mut |n| {
                progress("areas", n)
            })?),
            Err(_) => None,
        };
        imports.push(("areas-tianjin.csv".to_owned(), report));
        let matters = data.join("nyc311-10k.csv");
        let report = match File::open(&matters) {
            Ok(file) => {
                let clock = RowClock::new("America/New_York")?;
                let options = MatterOptions {
                    author: admin,
                    clock,
                    dry_run: false,
                };
                Some(import_matters(&node, file, &options, &mut |n| {
                    progress("matters", n)
                })?)
            }
            Err(_) => None,
        };
        imports.push(("nyc311-10k.csv".to_owned(), report));
        let grids = make_grids(&node, grids)?;
        Ok(Self {
            node,
            admin,
            grids,
            imports,
            clock,
        })
    }

    /// Starts serving.
    ///
    /// # Errors
    /// When the address is in use.
    pub async fn serve(&self, address: SocketAddr) -> Result<Server, DemoError> {
        Ok(Server::start(Arc::clone(&self.node), address).await?)
    }

    /// Makes a person with a grant.
    ///
    /// # Errors
    /// When the directory cannot be changed.
    pub fn person(
        &self,
        name: &str,
        role: Role,
        area: &AreaCode,
        from: Timestamp,
    ) -> Result<(UserId, GrantId), NodeError> {
        let user = User {
            id: UserId::from_parts(from, random_10()?),
            name: name.to_owned(),
            active: true,
        };
        let id = user.id;
        self.node
            .directory
            .change(vec![DirectoryChange::User { user }])?;
        Ok((id, self.grant(id, role, area, from)?))
    }

    /// Gives a grant.
    ///
    /// # Errors
    /// When the directory cannot be changed.
    pub fn grant(
        &self,
        user: UserId,
        role: Role,
        area: &AreaCode,
        from: Timestamp,
    ) -> Result<GrantId, NodeError> {
        let grant = Grant {
            id: GrantId::from_parts(from, random_10()?),
            user,
            role,
            area: Some(area.clone()),
            from,
            until: None,
        };
        let id = grant.id;
        self.node
            .directory
            .change(vec![DirectoryChange::Grant { grant }])?;
        Ok(id)
    }

    /// Ends a grant now.
    ///
    /// # Errors
    /// When the directory cannot be changed.
    pub fn end_grant(&self, id: GrantId) -> Result<(), NodeError> {
        let found = self.node.directory.current().grant(&id).cloned();
        if let Some(mut grant) = found {
            grant.until = Some(self.clock.now());
            self.node
                .directory
                .change(vec![DirectoryChange::Grant { grant }])?;
        }
        Ok(())
    }

    /// Two workers of one grid, for somebody to play them; none when no grid has two.
    #[must_use]
    pub fn two_of_one_grid(&self) -> Vec<User> {
        let (directory, now) = (self.node.directory.current(), self.clock.now());
        let mut workers: BTreeMap<&AreaCode, Vec<User>> = BTreeMap::new();
        for user in directory.users().filter(|u| u.active) {
            for grant in directory.active_grants(user.id, now) {
                if let (Role::Worker, Some(grid)) = (grant.role, &grant.area) {
                    workers.entry(grid).or_default().push(user.clone());
                }
            }
        }
        let mut two = workers.into_values().find(|w| w.len() > 1);
        two.iter_mut().for_each(|w| w.truncate(2));
        two.unwrap_or_default()
    }

    /// A one-time enrolment code, as the text of its QR.
    ///
    /// # Errors
    /// When the store fails.
    pub fn invite(&self, user: UserId, url: &str) -> Result<String, DemoError> {
        let by = Actor {
            user: self.admin.user.0,
            device: self.admin.device.0,
        };
        let invitation = self
            .node
            .auth
            .enrolment
            .invite(user.0, by, self.clock.now().millis())?;
        Ok(invitation.code.qr(url).to_string())
    }
}

/// Communities and grids below the first streets that were imported; below a made-up street when
/// none were.
fn make_grids(node: &Node, count: usize) -> Result<Vec<AreaCode>, DemoError> {
    let directory = node.directory.current();
    let mut streets: Vec<String> = directory
        .areas()
        .filter(|a| a.level == "street")
        .map(|a| a.code.to_string())
        .take(2)
        .collect();
    let mut areas = Vec::new();
    if streets.is_empty() {
        areas.push(area("990101001", None, "示范街道", "street")?);
        streets.push("990101001".to_owned());
    }
    let mut grids = Vec::new();
    for i in 0..count {
        let street = &streets[i % streets.len()];
        let community = format!("{street}{:03}", i / 4 + 1);
        let grid = format!("{community}{:03}", i % 4 + 1);
        if !areas.iter().any(|a: &Area| a.code.as_str() == community) {
            areas.push(area(
                &community,
                Some(street),
                &format!("第{}社区", i / 4 + 1),
                "community",
            )?);
        }
        areas.push(area(
            &grid,
            Some(&community),
            &format!("第{}网格", i + 1),
            GRID_LEVEL,
        )?);
        grids.push(AreaCode::new(&grid)?);
    }
    node.directory
        .change(vec![DirectoryChange::Areas { areas }])?;
    Ok(grids)
}

/// Where the real files are: beside the checkout, or where the option says.
#[must_use]
pub fn data_dir(given: Option<PathBuf>) -> PathBuf {
    given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"))
}
