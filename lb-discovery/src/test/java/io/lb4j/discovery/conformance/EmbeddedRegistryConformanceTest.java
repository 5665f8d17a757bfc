package io.lb4j.discovery.conformance;

import java.io.IOException;

class EmbeddedRegistryConformanceTest extends DiscoveryConformance {
    @Override
    RealSource newSource() throws IOException {
        return new EmbeddedRegistrySource();
    }
}
