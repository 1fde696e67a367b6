//! Words of device detection libraries, which HAProxy knows only when it is built with them, and refuses otherwise.

use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "modules",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("51degrees-data-file", Sections::GLOBAL)
        .usage("<file>")
        .shape(Shape::Words(0, 64))
        .doc("Device database of 51Degrees.")
        .refused("unknown keyword '51degrees-data-file' in 'global' section")
        .bad(&["51degrees-data-file x"]),
    Row::new("51degrees-property-name-list", Sections::GLOBAL)
        .usage("[<name> ...]")
        .shape(Shape::Words(0, 64))
        .doc("Properties of 51Degrees that are read.")
        .refused("unknown keyword '51degrees-property-name-list' in 'global' section")
        .bad(&["51degrees-property-name-list x"]),
    Row::new("51degrees-property-separator", Sections::GLOBAL)
        .usage("<char>")
        .shape(Shape::Words(0, 64))
        .doc("Separator of the properties of 51Degrees.")
        .refused("unknown keyword '51degrees-property-separator' in 'global' section")
        .bad(&["51degrees-property-separator x"]),
    Row::new("51degrees-cache-size", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Words(0, 64))
        .doc("Detections of 51Degrees that are kept.")
        .refused("unknown keyword '51degrees-cache-size' in 'global' section")
        .bad(&["51degrees-cache-size x"]),
    Row::new("51degrees-use-performance-graph", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::Words(0, 64))
        .doc("Performance graph of 51Degrees.")
        .since(2, 8)
        .refused("unknown keyword '51degrees-use-performance-graph' in 'global' section")
        .bad(&["51degrees-use-performance-graph x"]),
    Row::new("51degrees-use-predictive-graph", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::Words(0, 64))
        .doc("Predictive graph of 51Degrees.")
        .since(2, 8)
        .refused("unknown keyword '51degrees-use-predictive-graph' in 'global' section")
        .bad(&["51degrees-use-predictive-graph x"]),
    Row::new("51degrees-drift", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Words(0, 64))
        .doc("Drift that 51Degrees allows.")
        .since(2, 8)
        .refused("unknown keyword '51degrees-drift' in 'global' section")
        .bad(&["51degrees-drift x"]),
    Row::new("51degrees-difference", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Words(0, 64))
        .doc("Difference that 51Degrees allows.")
        .since(2, 8)
        .refused("unknown keyword '51degrees-difference' in 'global' section")
        .bad(&["51degrees-difference x"]),
    Row::new("51degrees-allow-unmatched", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::Words(0, 64))
        .doc("Unmatched nodes of 51Degrees.")
        .since(2, 8)
        .refused("unknown keyword '51degrees-allow-unmatched' in 'global' section")
        .bad(&["51degrees-allow-unmatched x"]),
    Row::new("deviceatlas-json-file", Sections::GLOBAL)
        .usage("<path>")
        .shape(Shape::Words(0, 64))
        .doc("Device database of DeviceAtlas.")
        .refused("unknown keyword 'deviceatlas-json-file' in 'global' section")
        .bad(&["deviceatlas-json-file x"]),
    Row::new("deviceatlas-log-level", Sections::GLOBAL)
        .usage("<value>")
        .shape(Shape::Words(0, 64))
        .doc("How much DeviceAtlas logs.")
        .refused("unknown keyword 'deviceatlas-log-level' in 'global' section")
        .bad(&["deviceatlas-log-level x"]),
    Row::new("deviceatlas-properties-cookie", Sections::GLOBAL)
        .usage("<name>")
        .shape(Shape::Words(0, 64))
        .doc("Cookie of DeviceAtlas's client-side properties.")
        .refused("unknown keyword 'deviceatlas-properties-cookie' in 'global' section")
        .bad(&["deviceatlas-properties-cookie x"]),
    Row::new("deviceatlas-separator", Sections::GLOBAL)
        .usage("<char>")
        .shape(Shape::Words(0, 64))
        .doc("Separator of the properties of DeviceAtlas.")
        .refused("unknown keyword 'deviceatlas-separator' in 'global' section")
        .bad(&["deviceatlas-separator x"]),
    Row::new("wurfl-cache-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Words(0, 64))
        .doc("Detections of WURFL that are kept.")
        .refused("unknown keyword 'wurfl-cache-size' in 'global' section")
        .bad(&["wurfl-cache-size x"]),
    Row::new("wurfl-data-file", Sections::GLOBAL)
        .usage("<file>")
        .shape(Shape::Words(0, 64))
        .doc("Device database of WURFL.")
        .refused("unknown keyword 'wurfl-data-file' in 'global' section")
        .bad(&["wurfl-data-file x"]),
    Row::new("wurfl-information-list", Sections::GLOBAL)
        .usage("[<capability>]*")
        .shape(Shape::Words(0, 64))
        .doc("Capabilities of WURFL that are read.")
        .refused("unknown keyword 'wurfl-information-list' in 'global' section")
        .bad(&["wurfl-information-list x"]),
    Row::new("wurfl-information-list-separator", Sections::GLOBAL)
        .usage("<char>")
        .shape(Shape::Words(0, 64))
        .doc("Separator of the capabilities of WURFL.")
        .refused("unknown keyword 'wurfl-information-list-separator' in 'global' section")
        .bad(&["wurfl-information-list-separator x"]),
    Row::new("wurfl-patch-file", Sections::GLOBAL)
        .usage("[<file>]*")
        .shape(Shape::Words(0, 64))
        .doc("Changes to the device database of WURFL.")
        .refused("unknown keyword 'wurfl-patch-file' in 'global' section")
        .bad(&["wurfl-patch-file x"]),
];
