package io.lb4j.discovery.conformance;

import java.io.IOException;

class EmbeddedRegistryRegistrationConformanceTest extends RegistrationConformance {
    @Override
    RealSource newSource() throws IOException {
        return new EmbeddedRegistrySource();
    }
}
