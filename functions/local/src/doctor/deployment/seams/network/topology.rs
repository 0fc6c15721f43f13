//! Route tables, endpoints and security groups, as EC2 describes them.

use roxmltree::{Document, Error, Node};

use crate::doctor::xml;

/// The routes of some subnets.
#[derive(Debug)]
pub(super) struct RouteTable {
    id: String,
    /// True if it is for all subnets that have none of their own.
    is_main: bool,
    subnets: Vec<String>,
    leads: Leads,
}

/// Where the routes of a table lead.
#[derive(Debug, Default)]
struct Leads {
    /// Out of the VPC by something that has an address: a NAT gateway, a transit gateway, a peering, a VPN, an instance.
    out: bool,
    /// To an internet gateway.
    to_the_internet: bool,
}

/// An endpoint of a service in the VPC.
#[derive(Debug)]
pub(super) struct Endpoint {
    service: String,
    /// Of a gateway endpoint: the tables that have a route to it.
    tables: Vec<String>,
    /// Of an interface endpoint: the service's own name leads to it.
    has_private_dns: bool,
}

pub(super) fn route_tables(answer: &str) -> Result<Vec<RouteTable>, Error> {
    let document = Document::parse(answer)?;
    Ok(xml::listed(&document, "routeTableSet").into_iter().map(RouteTable::of).collect())
}

/// The endpoints of this VPC that can be used.
pub(super) fn endpoints(answer: &str, vpc: &str) -> Result<Vec<Endpoint>, Error> {
    let document = Document::parse(answer)?;
    let is_usable = |node: &Node<'_, '_>| xml::text(*node, "vpcId") == vpc && xml::text(*node, "state").eq_ignore_ascii_case("available");
    Ok(xml::listed(&document, "vpcEndpointSet").into_iter().filter(is_usable).map(Endpoint::of).collect())
}

/// True if one of the groups lets calls out on port 443.
pub(super) fn lets_out(answer: &str) -> Result<bool, Error> {
    let document = Document::parse(answer)?;
    let mut rules = xml::listed(&document, "securityGroupInfo").into_iter().flat_map(|group| xml::children(group, "ipPermissionsEgress"));
    Ok(rules.any(is_for_https))
}

fn is_for_https(rule: Node<'_, '_>) -> bool {
    let port = |name: &str, default: u32| xml::text(rule, name).parse().unwrap_or(default);
    match xml::text(rule, "ipProtocol") {
        "-1" => true,
        "tcp" | "6" => (port("fromPort", 0)..=port("toPort", 65_535)).contains(&443),
        _ => false,
    }
}

impl RouteTable {
    fn of(table: Node<'_, '_>) -> Self {
        let associations: Vec<_> = xml::children(table, "associationSet").collect();
        let subnets = associations.iter().map(|one| xml::text(*one, "subnetId").to_owned()).filter(|id| !id.is_empty());
        let mut leads = Leads::default();
        for route in xml::children(table, "routeSet").filter(|route| xml::text(*route, "state") != "blackhole") {
            leads.add(route);
        }
        Self {
            id: xml::text(table, "routeTableId").to_owned(),
            is_main: associations.iter().any(|one| xml::text(*one, "main") == "true"),
            subnets: subnets.collect(),
            leads,
        }
    }
}

impl Leads {
    /// Routes within the VPC and to gateway endpoints lead to no other service.
    fn add(&mut self, route: Node<'_, '_>) {
        const BY: [&str; 8] = [
            "natGatewayId",
            "transitGatewayId",
            "vpcPeeringConnectionId",
            "networkInterfaceId",
            "instanceId",
            "localGatewayId",
            "carrierGatewayId",
            "coreNetworkArn",
        ];
        let gateway = xml::text(route, "gatewayId");
        self.to_the_internet |= gateway.starts_with("igw-");
        self.out |= gateway.starts_with("vgw-") || is_firewall(route, gateway) || BY.iter().any(|by| !xml::text(route, by).is_empty());
    }
}

/// The endpoint of a Gateway Load Balancer takes all to a firewall. A gateway endpoint has a prefix list as its destination.
fn is_firewall(route: Node<'_, '_>, gateway: &str) -> bool {
    gateway.starts_with("vpce-") && !xml::text(route, "destinationCidrBlock").is_empty()
}

impl Endpoint {
    fn of(endpoint: Node<'_, '_>) -> Self {
        let tables = xml::children(endpoint, "routeTableIdSet").filter_map(|item| item.text()).map(|id| id.trim().to_owned());
        Self {
            service: xml::text(endpoint, "serviceName").to_owned(),
            tables: tables.collect(),
            has_private_dns: xml::text(endpoint, "privateDnsEnabled") == "true",
        }
    }
}

/// The ways out of a VPC's subnets.
#[derive(Debug)]
pub(super) struct Ways<'a> {
    pub(super) region: &'a str,
    pub(super) tables: &'a [RouteTable],
    pub(super) endpoints: &'a [Endpoint],
}

impl Ways<'_> {
    /// True if there may be a way from the subnet to the service.
    pub(super) fn lead(&self, subnet: &str, service: &str) -> bool {
        let table = self.table(subnet);
        let named = format!(".{}.{service}", self.region);
        let mut of_service = self.endpoints.iter().filter(|endpoint| endpoint.service.ends_with(&named));
        let is_reached = |endpoint: &Endpoint| endpoint.has_private_dns || table.is_some_and(|table| endpoint.tables.contains(&table.id));
        table.is_some_and(|table| table.leads.out) || of_service.any(is_reached)
    }

    /// True if all that leads out of the VPC is an internet gateway.
    pub(super) fn lead_to_an_internet_gateway_only(&self, subnet: &str) -> bool {
        self.table(subnet).is_some_and(|table| table.leads.to_the_internet && !table.leads.out)
    }

    fn table(&self, subnet: &str) -> Option<&RouteTable> {
        let own = self.tables.iter().find(|table| table.subnets.iter().any(|id| id == subnet));
        own.or_else(|| self.tables.iter().find(|table| table.is_main))
    }
}
