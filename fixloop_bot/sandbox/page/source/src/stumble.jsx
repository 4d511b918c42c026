// The last guard: if the page itself breaks, it says so and offers to begin anew. The sandbox goes on meanwhile.
import { Component } from "react";

export class Stumble extends Component {
  state = { broken: false };
  static getDerivedStateFromError() {
    return { broken: true };
  }
  componentDidCatch(error) {
    console.error(error);
  }
  render() {
    if (!this.state.broken) return this.props.children;
    return (
      <main className="stumble" role="alert">
        <h1>This page has stumbled</h1>
        <p>The sandbox goes on. Nothing is lost but what you were writing.</p>
        <button type="button" className="button primary" onClick={() => location.reload()}>
          Reload the page
        </button>
      </main>
    );
  }
}
