package undocumented;

public class Sample {
    public static final int FIELD = 1;
    private static final int HIDDEN = 2;

    public Sample() {}

    Sample(int hidden) {}

    protected void method() {}

    @Override
    public String toString() {
        return "documented where it is declared";
    }

    /** Documented. */
    public void documented() {}

    public interface Contract {
        void implicitlyPublic();

        private void hidden() {}
    }

    public enum Kind {
        CONSTANT
    }

    public record Value(int part) {
        public Value {}

        public int more() {
            return part;
        }
    }

    static final class Hidden {
        public void method() {}
    }
}
