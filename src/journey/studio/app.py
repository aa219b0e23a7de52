"""The page that Streamlit runs: it reads the address and hands over to the page that it names."""

import streamlit as st

from journey.studio.pages import main

st.set_page_config(page_title="journey", layout="wide", initial_sidebar_state="collapsed")
main()
