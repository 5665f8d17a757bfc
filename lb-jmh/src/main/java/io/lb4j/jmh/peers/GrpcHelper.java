package io.lb4j.jmh.peers;

import io.grpc.Attributes;
import io.grpc.ChannelLogger;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer.CreateSubchannelArgs;
import io.grpc.LoadBalancer.FixedResultPicker;
import io.grpc.LoadBalancer.Helper;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.LoadBalancer.Subchannel;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.LoadBalancer.SubchannelStateListener;
import io.grpc.ManagedChannel;
import io.grpc.SynchronizationContext;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/** What a gRPC channel is to its balancer, with subchannels that are connected as soon as they are asked to be. */
final class GrpcHelper extends Helper implements AutoCloseable {
    private final SynchronizationContext context = new SynchronizationContext((thread, e) -> {
        throw new IllegalStateException("the balancer failed", e);
    });
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "grpc timer");
        thread.setDaemon(true);
        return thread;
    });
    private volatile SubchannelPicker picker = new FixedResultPicker(PickResult.withNoResult());

    SubchannelPicker picker() {
        return picker;
    }

    void execute(Runnable task) {
        context.execute(task);
    }

    @Override
    public Subchannel createSubchannel(CreateSubchannelArgs args) {
        return new Connected(args);
    }

    @Override
    public void updateBalancingState(ConnectivityState state, SubchannelPicker made) {
        picker = made;
    }

    @Override
    public SynchronizationContext getSynchronizationContext() {
        return context;
    }

    @Override
    public ScheduledExecutorService getScheduledExecutorService() {
        return timer;
    }

    @Override
    public ManagedChannel createOobChannel(EquivalentAddressGroup address, String authority) {
        throw new UnsupportedOperationException("no channels are made here");
    }

    @Override
    public String getAuthority() {
        return "orders";
    }

    @Override
    public String getChannelTarget() {
        return "orders";
    }

    @Override
    public ChannelLogger getChannelLogger() {
        return Silence.INSTANCE;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    private static final class Silence extends ChannelLogger {
        static final Silence INSTANCE = new Silence();

        @Override
        public void log(ChannelLogLevel level, String message) {}

        @Override
        public void log(ChannelLogLevel level, String format, @Nullable Object... args) {}
    }

    /** A subchannel to one address. */
    static final class Connected extends Subchannel {
        private final List<EquivalentAddressGroup> addresses;
        private final Attributes attributes;
        private @Nullable SubchannelStateListener listener;

        private Connected(CreateSubchannelArgs args) {
            addresses = args.getAddresses();
            attributes = args.getAttributes();
        }

        @Override
        public void start(SubchannelStateListener told) {
            listener = told;
        }

        @Override
        public void requestConnection() {
            if (listener != null) {
                // At once, while the balancer still takes in the addresses: told later and one by one, it would make a
                // picker for each of ten thousand.
                listener.onSubchannelState(ConnectivityStateInfo.forNonError(ConnectivityState.READY));
            }
        }

        @Override
        public void updateAddresses(List<EquivalentAddressGroup> same) {}

        @Override
        public void shutdown() {}

        @Override
        public List<EquivalentAddressGroup> getAllAddresses() {
            return addresses;
        }

        @Override
        public ChannelLogger getChannelLogger() {
            return Silence.INSTANCE;
        }

        @Override
        public Attributes getAttributes() {
            return attributes;
        }
    }
}
