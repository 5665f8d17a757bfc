package io.lb4j.discovery.conformance;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The datagrams of a {@link Relay}: one question after the other, each with one answer. */
final class DatagramRelay implements AutoCloseable {
    private final InetSocketAddress address;
    private final InetSocketAddress target;
    private final Consumer<Relay.Mode> met;

    /** Guarded by this. */
    private DatagramSocket front;

    private volatile Relay.Mode mode = Relay.Mode.PASS;

    DatagramRelay(int port, InetSocketAddress target, Consumer<Relay.Mode> met) throws IOException {
        this.address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        this.target = target;
        this.met = met;
        open();
    }

    private void open() throws IOException {
        DatagramSocket opened = new DatagramSocket(address);
        front = opened;
        Relay.thread(() -> serve(opened));
    }

    synchronized void mode(Relay.Mode value) throws IOException {
        mode = value;
        if (value == Relay.Mode.CUT) {
            front.close();
        } else if (front.isClosed()) {
            open();
        }
    }

    private void serve(DatagramSocket socket) {
        byte[] buffer = new byte[65_535];
        while (!socket.isClosed()) {
            try {
                DatagramPacket question = new DatagramPacket(buffer, buffer.length);
                socket.receive(question);
                byte[] answer = answer(question);
                socket.send(new DatagramPacket(answer, answer.length, question.getSocketAddress()));
            } catch (IOException e) {
                // No answer is one, too.
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private byte[] answer(DatagramPacket question) throws IOException, InterruptedException {
        Relay.Mode now = mode;
        met.accept(now);
        if (now == Relay.Mode.GARBAGE) {
            return Relay.NONSENSE;
        }
        if (now == Relay.Mode.SLOW) {
            TimeUnit.MILLISECONDS.sleep(50);
        } else if (now != Relay.Mode.PASS) {
            throw new IOException("silent");
        }
        return passOn(question);
    }

    private byte[] passOn(DatagramPacket question) throws IOException {
        try (DatagramSocket back = new DatagramSocket()) {
            back.connect(target);
            back.setSoTimeout(1000);
            back.send(new DatagramPacket(question.getData(), question.getLength()));
            byte[] buffer = new byte[65_535];
            DatagramPacket answer = new DatagramPacket(buffer, buffer.length);
            back.receive(answer);
            byte[] said = new byte[answer.getLength()];
            System.arraycopy(buffer, 0, said, 0, said.length);
            return said;
        }
    }

    @Override
    public synchronized void close() {
        front.close();
    }
}
