use super::*;

const LOCAL: &str =
    "<item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>";
const OUT: &str = "<item><ipProtocol>-1</ipProtocol></item>";

fn route(to: &str, state: &str) -> String {
    format!("<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>{to}<state>{state}</state></item>")
}

fn table(id: &str, association: &str, routes: &str) -> String {
    format!(
        "<item><routeTableId>{id}</routeTableId><routeSet>{LOCAL}{routes}</routeSet>\
         <associationSet><item>{association}</item></associationSet></item>"
    )
}

fn endpoint(service: &str, state: &str, more: &str) -> String {
    format!("<item><vpcId>vpc-1</vpcId><serviceName>com.amazonaws.eu-west-1.{service}</serviceName><state>{state}</state>{more}</item>")
}

fn found(tables: &str, endpoints: &str, egress: &str) -> Found {
    let answer = |list: &str, items: &str| format!("<R xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><{list}>{items}</{list}></R>");
    let group = format!("<item><groupId>sg-1</groupId><ipPermissionsEgress>{egress}</ipPermissionsEgress></item>");
    Found {
        tables: topology::route_tables(&answer("routeTableSet", tables)).unwrap(),
        endpoints: topology::endpoints(&answer("vpcEndpointSet", endpoints), "vpc-1").unwrap(),
        lets_out: topology::lets_out(&answer("securityGroupInfo", &group)).unwrap(),
    }
}

fn vpc() -> VpcConfig {
    VpcConfig { subnet_ids: vec!["subnet-a".to_owned()], security_group_ids: vec!["sg-1".to_owned()], ..VpcConfig::default() }
}

#[test]
fn a_subnet_has_a_way_to_a_service_or_has_none() {
    let (own, main) = ("<subnetId>subnet-a</subnetId><main>false</main>", "<main>true</main>");
    let nat = route("<natGatewayId>nat-1</natGatewayId>", "active");
    let dead = route("<natGatewayId>nat-1</natGatewayId>", "blackhole");
    let internet = route("<gatewayId>igw-1</gatewayId>", "active");
    let transit = route("<transitGatewayId>tgw-1</transitGatewayId>", "active");
    let firewall = route("<gatewayId>vpce-9</gatewayId>", "active");
    let prefix = "<item><destinationPrefixListId>pl-1</destinationPrefixListId><gatewayId>vpce-1</gatewayId><state>active</state></item>";
    let dynamodb = endpoint("dynamodb", "available", "<routeTableIdSet><item>rtb-1</item></routeTableIdSet>");
    let elsewhere = endpoint("dynamodb", "available", "<routeTableIdSet><item>rtb-2</item></routeTableIdSet>");
    let sqs = endpoint("sqs", "available", "<privateDnsEnabled>true</privateDnsEnabled>");
    let nameless = endpoint("sqs", "available", "<privateDnsEnabled>false</privateDnsEnabled>");
    let pending = endpoint("sqs", "pending", "<privateDnsEnabled>true</privateDnsEnabled>");
    let of_another = sqs.replace("vpc-1", "vpc-2");
    for (case, routes, association, endpoints, word) in [
        ("a NAT gateway", nat.as_str(), own, String::new(), ""),
        ("the main table's", &nat, main, String::new(), ""),
        ("a transit gateway", &transit, own, String::new(), ""),
        ("a firewall", &firewall, own, String::new(), ""),
        ("both endpoints", prefix, own, format!("{dynamodb}{sqs}"), ""),
        ("nothing", "", own, String::new(), "to dynamodb"),
        ("a NAT gateway that is gone", &dead, own, String::new(), "to dynamodb"),
        ("an internet gateway", &internet, own, String::new(), "no public address"),
        ("only one endpoint", prefix, own, dynamodb.clone(), "to sqs"),
        ("only the other", "", own, sqs.clone(), "to dynamodb"),
        ("an endpoint of other tables", prefix, own, format!("{elsewhere}{sqs}"), "to dynamodb"),
        ("an endpoint that has no name", prefix, own, format!("{dynamodb}{nameless}"), "to sqs"),
        ("an endpoint that is not ready", prefix, own, format!("{dynamodb}{pending}"), "to sqs"),
        ("an endpoint of another VPC", prefix, own, format!("{dynamodb}{of_another}"), "to sqs"),
    ] {
        let found = found(&table("rtb-1", association, routes), &endpoints, OUT);
        let check = judge("eu-west-1", &vpc(), &["dynamodb", "sqs"], &found);
        assert_eq!(check.ok, word.is_empty(), "{case}: {check:?}");
        assert!(check.detail.contains(word), "{case}: {check:?}");
    }
}

#[test]
fn security_groups_let_calls_out() {
    let tables = table("rtb-1", "<main>true</main>", &route("<natGatewayId>nat-1</natGatewayId>", "active"));
    let rule = |protocol: &str, from: u32, to: u32| {
        format!("<item><ipProtocol>{protocol}</ipProtocol><fromPort>{from}</fromPort><toPort>{to}</toPort></item>")
    };
    for (egress, out) in [
        (OUT.to_owned(), true),
        (rule("tcp", 443, 443), true),
        (rule("tcp", 0, 65_535), true),
        (rule("udp", 443, 443) + &rule("tcp", 5432, 5432), false),
        (String::new(), false),
    ] {
        assert_eq!(judge("eu-west-1", &vpc(), &["sqs"], &found(&tables, "", &egress)).ok, out, "{egress}");
    }
}

#[test]
fn only_services_that_are_called_are_looked_for() {
    let functions = Functions::parse(r#"{"a": {"function": "a"}}"#).unwrap();
    let all = services(Some("arn:aws:secretsmanager:eu-west-1:1:secret:s"), Some("default"), Some(&functions));
    assert_eq!(all, ["dynamodb", "sqs", "secretsmanager", "events", "lambda"]);
    assert_eq!(services(None, None, Some(&Functions::default())), ["dynamodb", "sqs"]);
}
