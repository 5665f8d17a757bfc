package io.lb4j.discovery;

import io.lb4j.ServiceDiscovery.Listener;
import io.lb4j.ServiceInstance;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A listener that keeps what it was told. */
public final class Recorder implements Listener {
    public final List<List<ServiceInstance>> snapshots = new CopyOnWriteArrayList<>();
    public final List<String> unknown = new CopyOnWriteArrayList<>();
    public final List<Throwable> errors = new CopyOnWriteArrayList<>();
    public final List<String> complaints = new CopyOnWriteArrayList<>();
    public final List<String> calls = new CopyOnWriteArrayList<>();

    @Override
    public void onInstances(List<ServiceInstance> instances) {
        snapshots.add(instances);
        calls.add("instances");
    }

    @Override
    public void onUnknownService(String detail) {
        unknown.add(detail);
        calls.add("unknown");
    }

    @Override
    public void onError(Throwable error) {
        errors.add(error);
        calls.add("error");
    }

    /** As an error too, since it is one to those who don't tell them apart. */
    @Override
    public void onComplaint(Throwable complaint) {
        complaints.add(String.valueOf(complaint.getMessage()));
        errors.add(complaint);
        calls.add("complaint");
    }

    /** The authorities of the last snapshot; empty if there is none. */
    public List<String> last() {
        return snapshots.isEmpty()
                ? List.of()
                : snapshots.get(snapshots.size() - 1).stream()
                        .map(ServiceInstance::authority)
                        .toList();
    }

    public List<String> messages() {
        return errors.stream().map(Throwable::getMessage).toList();
    }
}
