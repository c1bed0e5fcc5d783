import { mount } from "svelte";
import "virtual:page-style.css";
import "../controls.css";
import "uplot/dist/uPlot.min.css";
import "./app.css";
import App from "./App.svelte";

mount(App, { target: document.getElementById("page")! });
