package io.lb4j.discovery.conformance;

import io.lb4j.discovery.kubernetes.KubernetesSource;

class KubernetesConformanceTest extends DiscoveryConformance {
    @Override
    RealSource newSource() {
        return new KubernetesSource();
    }
}
