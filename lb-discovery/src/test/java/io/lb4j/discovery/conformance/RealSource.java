package io.lb4j.discovery.conformance;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registration;
import java.util.List;
import java.util.Set;

/** One real server on free ports of this machine, changed from outside while it runs. */
public interface RealSource {
    /** What of an instance a source can carry, beside its address. */
    enum Trait {
        ID,
        WEIGHT,
        ZONE,
        PRIORITY,
        SECURE,
        METADATA,
        /** Whether it tells a service that it doesn't know from one without instances. */
        UNKNOWN_SERVICE
    }

    /** Starts it, or starts it again at the same address. Returns when it answers. */
    void start() throws Exception;

    /** Ends it at once. */
    void kill() throws Exception;

    /** Whether it knows after a restart what it knew before. */
    boolean keepsMemory();

    /** What it carries. */
    Set<Trait> traits();

    /** Adds an instance or replaces the one of the same id. */
    void put(String service, ServiceInstance instance) throws Exception;

    /** Puts in many that aren't there, in fewer steps where it has them. */
    default void putAll(String service, List<ServiceInstance> instances) throws Exception {
        for (ServiceInstance instance : instances) {
            put(service, instance);
        }
    }

    /** Takes one out. */
    void remove(String service, String id) throws Exception;

    /** Where it listens, {@code host:port}. */
    String address();

    /** A discovery of its own, that asks this address; to be closed by the test. */
    ServiceDiscovery discovery(String address);

    /** A registration that asks this address; null if servers aren't registered this way. */
    default Registration.Builder registration(String address, String service, ServiceInstance instance) {
        return null;
    }

    /** The id under which discovery lists an instance that was put under this one. */
    default String listedId(String id) {
        return id;
    }

    /** Ends it for good. */
    void close() throws Exception;
}
